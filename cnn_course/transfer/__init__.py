"""Transfer: backbones that have learned elsewhere, freezing and opening them, keeping and re-using a classifier.

The public names are listed in the package's stub; import them from ``cnn_course`` itself. Nothing is loaded here: the
course's tables can be read where no backend is installed.
"""
