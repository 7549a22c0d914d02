# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 · Neural networks: a nonlinear model with a hidden layer
#
# **What you will be able to do**
#
# - see the multinomial logit as the smallest network, and fit it by maximum likelihood and in Keras with the same result;
# - write down a network with one hidden layer, count its parameters, and compute what it predicts;
# - say what hidden units buy, and see it on classes that no straight line separates;
# - derive the gradient of the loss by hand, and check it.
#
# **Time**: about two hours for you; less than one minute of computing on a laptop with 2 cores.
#
# **Downloads**: nothing.
#
# **You need**: the multinomial logit, and some Python. Run each cell with Shift + Enter; write your answers where the three dots
# `...` stand.

# %%
import cnn_course as cc
import numpy as np
from cnn_course import check, hint, yours_or_ours

keras = cc.load_keras()

# %% [markdown]
# ## 1 · What you know: the multinomial logit
#
# Three classes that overlap, two variables, both standardised.

# %% tags=["nbval-check-output"]
points = cc.load_dataset("three_classes")
X, labels = points.x, points.labels
print("X:", X.shape, " of each class:", np.bincount(labels))

# %% [markdown]
# The table that you know, by maximum likelihood. Class 0 is the reference: its coefficients are zero.

# %% tags=["nbval-check-output"]
import statsmodels.api as sm

by_likelihood = sm.MNLogit(labels, sm.add_constant(X)).fit(disp=0)
print(by_likelihood.params.round(2))
print("log-likelihood:", by_likelihood.llf.round(2))

# %% [markdown]
# Scikit-learn fits the same model once its penalty is switched off (`C=np.inf`). It gives every class its own coefficients. Only their
# differences count, so subtract those of class 0.

# %% tags=["nbval-check-output"]
from sklearn.linear_model import LogisticRegression

by_sklearn = LogisticRegression(C=np.inf, tol=1e-8).fit(X, labels)
coefficients = np.column_stack([by_sklearn.intercept_, by_sklearn.coef_])
print((coefficients - coefficients[0])[1:].T.round(2))

# %% [markdown]
# Now the same model as a **network**: two inputs, three outputs, a weight on every line between them, an intercept at every output,
# and the softmax at the end. Keras does not know about likelihoods. It makes a **loss** small, in many small steps downhill. Here
# each step looks at all 600 points (the *full batch*), and the steps get smaller and smaller.

# %%
logit = cc.build_logit((2,), classes=3, seed=0)
steps = keras.optimizers.schedules.CosineDecay(0.1, decay_steps=300)
logit.compile(optimizer=keras.optimizers.Adam(steps), loss="sparse_categorical_crossentropy")
logit.fit(X, labels, batch_size=len(X), epochs=300, verbose=0);

# %% tags=["nbval-check-output"]
weights, intercepts = logit.get_weights()
ours = np.vstack([intercepts, weights])
gap = np.abs((ours - ours[:, :1])[:, 1:] - by_likelihood.params).max()
probabilities = logit.predict(X, verbose=0)
log_likelihood = np.log(probabilities[np.arange(len(X)), labels]).sum()
print("coefficients agree to 0.01:", gap < 0.01)
print("mean log-likelihood agrees to 0.00001:", abs(log_likelihood - by_likelihood.llf) / len(X) < 1e-5)

# %% [markdown]
# Three programs, one model. What it says about the plane:

# %%
cc.plot_boundaries(logit, points)

# %% [markdown]
# Its borders are straight lines. That is what a logit is: **linear scores, then the softmax**.
#
# $$T_k = \beta_{0k} + \beta_k' X, \qquad f_k(X) = \frac{e^{T_k}}{\sum_l e^{T_l}}$$

# %% exercise="softmax"

# %% [markdown]
# Try it. What happens to the probabilities when you add 10 to every score? When you multiply them by 10?

# %% tags=["nbval-check-output"]
softmax = yours_or_ours("softmax", softmax)
scores = np.array([[1.0, 2.0, 3.0]])
for name, t in {"scores": scores, "+ 10": scores + 10, "x 10": scores * 10}.items():
    print(f"{name:6}", softmax(t).round(3))

# %% [markdown]
# ## 2 · The loss is minus the log-likelihood
#
# What did Keras make small? The **cross-entropy**. Let $y_{ik}$ be 1 if observation $i$ is of class $k$, and 0 otherwise:
#
# $$R(\theta) = -\sum_i \sum_k y_{ik} \log f_k(x_i)$$
#
# Only the class that happened is left in the inner sum. So $R$ is minus the log-likelihood, nothing else.

# %% exercise="cross-entropy"

# %% tags=["nbval-check-output"]
cross_entropy = yours_or_ours("cross-entropy", cross_entropy)
loss = cross_entropy(by_sklearn.predict_proba(X), labels)
print(f"cross-entropy {loss:.2f}, log-likelihood {by_likelihood.llf:.2f}")

# %% [markdown]
# Keras reports the **mean** over the observations, so that the number does not grow with the sample: here 284.39 / 600 = 0.474.
#
# ### When the classes are separated
#
# Handwritten digits have 64 pixels, and 300 digits lie so far apart in 64 dimensions that planes separate the classes without a
# mistake. Then every coefficient can be doubled, and the likelihood still grows. It has no finite maximum: **the longer you fit, the
# larger the coefficients.**

# %%
import warnings

digits = cc.load_dataset("digits", n=300)
pixels = digits.images.reshape(300, -1) / 255
for iterations in (5, 10, 20, 40):
    fit = LogisticRegression(C=np.inf, tol=1e-12, max_iter=iterations)
    with warnings.catch_warnings(action="ignore"):  # scikit-learn would say that it has not converged
        fit.fit(pixels, digits.labels)
    likelihood = -cross_entropy(np.clip(fit.predict_proba(pixels), 1e-300, 1), digits.labels)
    largest = np.abs(fit.coef_).max()
    print(f"{iterations:3} iterations: log-likelihood {likelihood:9.4f}, largest coefficient {largest:5.1f}")

# %% [markdown]
# The standard errors of such a table would be nonsense. Networks live here all the time: they have more parameters than observations,
# and what keeps them sensible is stopping early, small weights, more data (lesson 04).

# %%
assert likelihood > -1 and fit.score(pixels, digits.labels) == 1

# %% [markdown]
# ## 3 · A hidden layer
#
# A logit of the *inputs* has straight borders. So take a logit of something better: of new variables $Z_1, \dots, Z_M$, each of them a
# small nonlinear function of the inputs.
#
# $$Z_m = \sigma(\alpha_{0m} + \alpha_m' X), \qquad T_k = \beta_{0k} + \beta_k' Z, \qquad f_k(X) = g_k(T)$$
#
# The $Z_m$ are the **hidden units**. $g$ is the softmax in classification, and the identity in regression. Three functions $\sigma$
# are common:

# %% tags=["nbval-check-output"]
z = np.array([-4.0, -1.0, 0.0, 1.0, 4.0])
print("z       ", z)
print("logistic", (1 / (1 + np.exp(-z))).round(2))
print("tanh    ", np.tanh(z).round(2))
print("ReLU    ", np.maximum(z, 0))

# %% [markdown]
# The logistic function goes from 0 to 1, tanh from -1 to 1; the **ReLU** cuts at 0, is the cheapest, and today's standard.

# %% exercise="hidden-layer"

# %% [markdown]
# Is that what Keras computes? Build the network with four logistic units, take its weights, and compare.

# %% tags=["nbval-check-output"]
network = cc.build_mlp((2,), classes=3, units=4, activation="sigmoid", seed=1)
alpha, alpha0, beta, beta0 = network.get_weights()
hidden_layer = yours_or_ours("hidden-layer", hidden_layer)
f = hidden_layer(X, alpha0, alpha, beta0, beta)
print("alpha:", alpha.shape, " beta:", beta.shape, " f:", f.shape)
print("as in Keras:", np.allclose(f, network.predict(X, verbose=0), atol=1e-5))

# %% [markdown]
# ## 4 · What the hidden layer buys
#
# Three problems that no straight line solves, and four models: a logit, and networks with 2, 4 and 16 units (fitted by scikit-learn,
# which has the same small networks and an optimiser that is quick on so few points).

# %%
from sklearn.neural_network import MLPClassifier


def fitted(data, units, start=0):
    """Return a logit (0 units), or a network with one hidden layer; `start` draws its first weights."""
    model = LogisticRegression() if units == 0 else MLPClassifier(
        hidden_layer_sizes=(units,), activation="tanh", solver="lbfgs", max_iter=1000, random_state=start
    )
    return model.fit(data.x, data.labels)


problems = {name: cc.load_dataset(name, n=400) for name in ("rings", "xor", "spirals")}
sizes = {"logit": 0, "2 units": 2, "4 units": 4, "16 units": 16}
models = {name: {size: fitted(data, units) for size, units in sizes.items()} for name, data in problems.items()}

# %%
cc.plot_boundaries(models["rings"], problems["rings"])

# %% [markdown]
# Two rings. The logit guesses. Two units draw two lines; four close the ring.

# %%
cc.plot_boundaries(models["xor"], problems["xor"])

# %% [markdown]
# **XOR**: opposite corners belong together. Neither variable alone says anything, only both together: an interaction. In a regression
# you would have to think of the product term yourself. Hidden units find it.
#
# But two units can cut off two corners, so why only three quarters? Let the search start elsewhere:

# %%
xor = problems["xor"]
shares = [fitted(xor, 2, start).score(xor.x, xor.labels) for start in range(10)]
print([round(share, 2) for share in shares])
assert max(shares) > 0.9

# %% [markdown]
# Some starts end in a good valley of the loss, others in one where a corner is lost. The likelihood of a logit has one summit, that
# of a network has many. So try a few seeds before you call a network bad.

# %%
cc.plot_boundaries(models["spirals"], problems["spirals"])

# %% [markdown]
# Spirals need many units. More units can bend more, also around noise: whether that helps on new points is lesson 04.

# %%
for name, data in problems.items():
    new = cc.load_dataset(name, split="test", n=400)
    shares = {model: fit.score(new.x, new.labels) for model, fit in models[name].items()}
    print(f"{name:8}", {model: round(share, 2) for model, share in shares.items()})
    assert shares["16 units"] > shares["logit"] + 0.2

# %% [markdown]
# **Regression** is the same network with the identity at the end. A noisy wave, and the mean squared error on new data:

# %%
from sklearn.neural_network import MLPRegressor

rng = np.random.default_rng(0)
x = rng.uniform(-3, 3, size=(400, 1))
y = np.sin(2 * x[:, 0]) + rng.normal(0, 0.1, size=400)
for units in (1, 2, 4, 16):
    wave = MLPRegressor(hidden_layer_sizes=(units,), activation="tanh", solver="lbfgs", max_iter=2000, random_state=0)
    error = wave.fit(x[:200], y[:200]).predict(x[200:]) - y[200:]
    print(f"{units:2} units: {np.mean(error**2):.3f}   (the noise alone: 0.010)")

# %% [markdown]
# ## 5 · How many parameters?
#
# Each unit has a weight for each of its inputs, and an intercept.

# %% exercise="count-mlp-parameters"

# %% tags=["nbval-check-output"]
count_mlp_parameters = yours_or_ours("count-mlp-parameters", count_mlp_parameters)
print("2, 4, 3:", count_mlp_parameters([2, 4, 3]), " Keras:", network.count_params())
picture = cc.build_mlp((28, 28, 1), classes=10, units=(64, 32))
print("784, 64, 32, 10:", count_mlp_parameters([784, 64, 32, 10]), " Keras:", picture.count_params())

# %% [markdown]
# Nearly all of them sit behind the pixels. A photograph of 1000 × 1000 pixels in colour, with 64 units, would have 192 million: the
# reason for lessons 02 and 03.
#
# ## 6 · Downhill: the gradient by hand
#
# To make $R$ small, we need its derivative by every parameter. Begin at the end: how does $R$ change with the scores $T$?

# %% exercise="softmax-gradient"

# %% [markdown]
# *Probability minus what happened*: the simplest answer one could hope for. From there, walk backwards by the chain rule. This is
# **backpropagation**:
#
# $$\delta = f - y, \qquad \frac{\partial R}{\partial \beta} = Z'\delta, \qquad
# s = (\delta\beta') \cdot \sigma', \qquad \frac{\partial R}{\partial \alpha} = X's$$
#
# A prime turns a table round (rows become columns); on $\sigma$ alone it is the derivative, and for the logistic function
# $\sigma' = Z(1 - Z)$. The dot multiplies number by number. The intercepts get the column sums of $\delta$ and of $s$.

# %%
softmax_gradient = yours_or_ours("softmax-gradient", softmax_gradient)


def gradients(alpha0, alpha, beta0, beta):
    """Return the derivatives of R by the four tables of parameters."""
    Z = 1 / (1 + np.exp(-(X @ alpha + alpha0)))
    delta = softmax_gradient(Z @ beta + beta0, labels)
    s = (delta @ beta.T) * Z * (1 - Z)
    return s.sum(axis=0), X.T @ s, delta.sum(axis=0), Z.T @ delta

# %% [markdown]
# Never believe a gradient that you did not check. Move one weight a little to both sides, and look how $R$ changes:

# %% tags=["nbval-check-output"]
parameters = [table.astype(float) for table in (alpha0, alpha, beta0, beta)]
up, down = ([table.copy() for table in parameters] for _ in range(2))
up[1][0, 2] += 1e-5
down[1][0, 2] -= 1e-5
R_up, R_down = (cross_entropy(hidden_layer(X, *tables), labels) for tables in (up, down))
by_difference, by_hand = (R_up - R_down) / 2e-5, gradients(*parameters)[1][0, 2]
print("finite difference and backpropagation agree:", np.isclose(by_difference, by_hand, rtol=1e-5))

# %% [markdown]
# And Keras? One step of plain gradient descent with learning rate 1 moves each weight by minus the gradient of the mean.

# %% tags=["nbval-check-output"]
network.compile(optimizer=keras.optimizers.SGD(1.0), loss="sparse_categorical_crossentropy")
before = network.get_weights()
network.train_on_batch(X, labels)
moved = [(old - new) * len(X) for old, new in zip(before, network.get_weights())]
g_alpha0, g_alpha, g_beta0, g_beta = gradients(*parameters)
print([np.allclose(a, b, rtol=1e-3, atol=1e-2) for a, b in zip(moved, (g_alpha, g_alpha0, g_beta, g_beta0))])

# %% [markdown]
# That is all there is to training: compute the gradient, take a step against it, again. The rest of the course is about better
# networks, and better steps.
#
# ## What to remember
#
# 1. A network without hidden units is the multinomial logit; cross-entropy is minus its log-likelihood.
# 2. Hidden units are new variables that are learned: they bend the borders, and find interactions by themselves.
# 3. The gradient is the chain rule from the end to the beginning, and at the end it is probability minus what happened.

# %%
cc.progress()

# %% [markdown]
# ## Where it comes from
#
# - T. Hastie, R. Tibshirani and J. Friedman (2009), *The Elements of Statistical Learning*, 2nd ed., sections 11.3 and 11.4: the
#   notation with $\alpha$, $\beta$ and $g$, and backpropagation.
# - C. M. Bishop (2006), *Pattern Recognition and Machine Learning*, section 4.3.4 (the multinomial logit), sections 5.1 to 5.3.
# - A. Albert and J. A. Anderson (1984), On the existence of maximum likelihood estimates in logistic regression models, *Biometrika*
#   71(1), pp. 1–10: separated classes.
# - The digits are scikit-learn's `load_digits`; the points are drawn by the course.
