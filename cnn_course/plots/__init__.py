"""Figures of the course: every function takes ``ax=`` or returns the Figure; none calls ``show()``.

The public functions are listed in the package's stub; import them from ``cnn_course`` itself.
"""
