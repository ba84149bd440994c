# Text metrics of the references on random text. Run: python text.py > text.json
# Packages: sacrebleu 2.6.0, rouge-score 0.1.2, nltk 3.10.4. Seed 11.
import json, random
import rouge_score, sacrebleu
from nltk.stem.porter import PorterStemmer
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF, TER

rnd = random.Random(11)
words = ("the a cat dogs running sat quickly on mat, it's 3.14 1,000 -5 10-20 (maybe) \"yes\" no. U.S. e.g. naïve café Über 你好 世界 🙂 x<y &amp; &lt;b&gt; "
         "relational conditional happily nationally agreed hopping falling ties skies dying news proceed w/o a/b [x] {y} $5 100% foo_bar don't \u2014 \u201cquote\u201d").split(" ")

def line():
    return " ".join(rnd.choice(words) for _ in range(rnd.randint(0 if rnd.random() < 0.1 else 1, 22)))

def near(text):
    out = text.split(" ")
    for _ in range(rnd.randint(0, 6)):
        if not out: break
        i = rnd.randrange(len(out)); kind = rnd.random()
        if kind < 0.3: out[i] = rnd.choice(words)
        elif kind < 0.5: out.pop(i)
        elif kind < 0.7: out.insert(i, rnd.choice(words))
        else:
            j = min(len(out), i + rnd.randint(1, 4)); run = out[i:j]; del out[i:j]; k = rnd.randint(0, len(out)); out[k:k] = run
    return " ".join(out)

cases = []
for _ in range(80):
    n, r = rnd.randint(1, 4), rnd.randint(1, 3)
    refs = [[line() for _ in range(1)] for _ in range(n)]
    for one in refs: one.extend(near(one[0]) for _ in range(r - 1))
    hyps = [near(one[0]) if rnd.random() < 0.9 else line() for one in refs]
    cols = [[one[i] for one in refs] for i in range(r)]
    case = {"hyps": hyps, "refs": refs}
    for tok in ("13a", "intl", "none"):
        case[f"bleu_{tok}"] = BLEU(tokenize=tok).corpus_score(hyps, cols).score
    case["bleu_lc"] = BLEU(lowercase=True).corpus_score(hyps, cols).score
    case["sentence"] = BLEU(effective_order=True).sentence_score(hyps[0], refs[0]).score
    case["chrf"] = CHRF().corpus_score(hyps, cols).score
    case["chrfpp"] = CHRF(word_order=2).corpus_score(hyps, cols).score
    case["ter"] = TER().corpus_score(hyps, cols).score
    case["ter_case"] = TER(case_sensitive=True).corpus_score(hyps, cols).score
    target, prediction = "\n".join(x[0] for x in refs), "\n".join(hyps)
    for stem in (False, True):
        got = RougeScorer(["rouge1", "rouge2", "rougeL", "rougeLsum"], use_stemmer=stem).score_multi([target, refs[0][-1]], prediction)
        case[f"rouge_{'stem' if stem else 'plain'}"] = {k: [v.precision, v.recall, v.fmeasure] for k, v in got.items()}
    cases.append(case)

long_ref = " ".join(rnd.choice("abcdefgh") for _ in range(120)); long_hyp = near(near(near(long_ref)))
stems = sorted({w for w in """caresses ponies ties caress cats feed agreed plastered bled motoring sing conflated troubled sized hopping tanned falling hissing fizzed failing filing
happy sky enjoy spy relational conditional rational valenci hesitanci digitizer conformabli radicalli differentli vileli analogousli vietnamization predication operator feudalism
decisiveness hopefulness callousness formaliti sensitiviti sensibiliti triplicate formative formalize electriciti electrical hopeful goodness revival allowance inference airliner
gyroscopic adjustable defensible irritant replacement adjustment dependent adoption homologou communism activate angulariti homologous effective bowdlerize probate rate cease
controll roll dies died flies dying skies innings geology apologi wholly hopefulli nationally yyyy syzygy toy ion oed ings""".split()})
ps = PorterStemmer()
print(json.dumps({"versions": {"sacrebleu": sacrebleu.__version__, "rouge_score": "0.1.2"}, "seed": 11, "cases": cases,
                  "long": {"hyp": long_hyp, "ref": long_ref, "ter": TER().corpus_score([long_hyp], [[long_ref]]).score},
                  "stems": {w: ps.stem(w) for w in stems}}, ensure_ascii=False, separators=(",", ":")))
