# Makes golden.json beside this file: what the reference implementations answer on small tables drawn here from a seed.
# Run with: python make.py. Packages: scikit-learn 1.9.1, numpy (the versions and the seeds stand in the file).
import json
import numpy as np
import sklearn
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import CategoricalNB, GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import KBinsDiscretizer, RobustScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

rng = np.random.default_rng(20261125)
n, d = 120, 4
# every number is a float32 of few digits, so that both sides see the same
x = np.round(rng.normal(size=(n, d)) * [1, 3, 0.5, 2] + [0, 10, -1, 4], 3)
risk = 1.2 * x[:, 0] - 0.4 * (x[:, 1] - 10) + 2 * (x[:, 2] + 1)
y2 = (rng.random(n) < 1 / (1 + np.exp(-risk))).astype(int)
y3 = np.digitize(risk + rng.normal(size=n) * 0.7, [-0.8, 0.9])
yn = np.round(3 * x[:, 0] - 2 * x[:, 3] + rng.normal(size=n), 3)
cats = rng.choice(list("abc"), size=n).tolist()
weights = np.round(rng.random(n) * 3, 2)
z = StandardScaler().fit_transform(x)
out = {
    "versions": {"sklearn": sklearn.__version__, "numpy": np.__version__, "seed": 20261125},
    "x": x.T.tolist(), "y2": y2.tolist(), "y3": y3.tolist(), "yn": yn.tolist(), "cats": cats, "weights": weights.tolist(),
    "standard": z[:5].tolist(), "robust": RobustScaler().fit_transform(x)[:5].tolist(),
}
fit = lambda m, *a, **k: m.fit(*a, **k)
out["linear"] = fit(LinearRegression(), z, yn).predict(z).tolist()
out["linearWeighted"] = fit(LinearRegression(), z, yn, sample_weight=weights).predict(z).tolist()
out["ridge"] = fit(Ridge(alpha=5.0), z, yn).predict(z).tolist()
# more columns than rows: the solution of least norm
out["wide"] = fit(LinearRegression(), z[:3], yn[:3]).predict(z).tolist()
tight = dict(tol=1e-10, max_iter=100000)
out["logisticL2"] = fit(LogisticRegression(C=1.0, **tight), z, y2).predict_proba(z)[:, 1].tolist()
out["logisticL1"] = fit(LogisticRegression(C=0.5, l1_ratio=1.0, solver="saga", **tight), z, y2).predict_proba(z)[:, 1].tolist()
out["logisticElastic"] = fit(LogisticRegression(C=0.5, l1_ratio=0.5, solver="saga", **tight), z, y2).predict_proba(z)[:, 1].tolist()
out["logisticThree"] = fit(LogisticRegression(C=1.0, **tight), z, y3).predict_proba(z).ravel().tolist()
out["logisticWeighted"] = fit(LogisticRegression(C=1.0, **tight), z, y2, sample_weight=weights).predict_proba(z)[:, 1].tolist()
out["gaussian"] = fit(GaussianNB(), z, y3).predict_proba(z).ravel().tolist()
codes = np.array([["abc".index(c)] for c in cats])
out["categorical"] = fit(CategoricalNB(), codes, y3).predict_proba(codes).ravel().tolist()
out["neighbours"] = fit(KNeighborsClassifier(7), z, y3).predict_proba(z).ravel().tolist()
out["neighboursNumber"] = fit(KNeighborsRegressor(5), z, yn).predict(z).tolist()
km = fit(KMeans(3, n_init=50, random_state=0), z)
out["inertia"] = float(km.inertia_)
pca = fit(PCA(2), z)
out["pca"] = {"components": pca.transform(z).ravel().tolist(), "share": pca.explained_variance_ratio_.tolist()}
out["treeGini"] = fit(DecisionTreeClassifier(max_depth=3, min_samples_leaf=5, random_state=0), x, y2).predict_proba(x)[:, 1].tolist()
out["treeSquares"] = fit(DecisionTreeRegressor(max_depth=3, min_samples_leaf=5, random_state=0), x, yn).predict(x).tolist()
p = 1 / (1 + np.exp(-(0.5 * risk)))
p = np.round(p, 4)
iso = fit(IsotonicRegression(out_of_bounds="clip"), p, y2)
out["isotonic"] = {"p": p.tolist(), "fitted": iso.predict(p).tolist()}
texts = ["The late payment again", "payment fine, thanks", "late late call", "angry customer; call again!", "", "thanks a lot customer 42"]
tv = TfidfVectorizer(token_pattern=r"(?u)\w+", ngram_range=(1, 2), min_df=2)
m = tv.fit_transform(texts).toarray()
out["tfidf"] = {"texts": texts, "vocabulary": tv.get_feature_names_out().tolist(), "matrix": m.tolist()}
words = ["foo", "bar", "late payment", "Été", "x", "0123456789"]
out["hashing"] = {"words": words, "matrix": FeatureHasher(16, input_type="string").transform([[w] for w in words]).toarray().tolist()}
kb = KBinsDiscretizer(4, encode="onehot-dense", strategy="quantile", quantile_method="linear").fit(x[:, :1])
out["bins"] = {"edges": kb.bin_edges_[0].tolist()}
smooth = 10.0
target = {c: (y2[[k == c for k in cats]].sum() + smooth * y2.mean()) / (cats.count(c) + smooth) for c in "abc"}
from sklearn.preprocessing import TargetEncoder
te = TargetEncoder(smooth=smooth, target_type="continuous").fit(np.array(cats).reshape(-1, 1), y2)
assert np.allclose([target[c] for c in te.categories_[0]], te.encodings_[0])
out["target"] = dict(zip(te.categories_[0].tolist(), te.encodings_[0].tolist()))
json.dump(out, open("golden.json", "w"), separators=(",", ":"))
print(sklearn.__version__)
