// The notebook that AutoML runs in, written from a form: read the table, search, keep the result as run and model version, write what was
// found as a notebook of its own. It is an ordinary notebook: its session has the limits of any other, and it can be read and changed.
export type AutoForm = {
  dataset: string;
  version: number;
  target: string;
  positive: string | number | null;
  minutes: number;
  model: string;
};
type Cell = { cellType: "code" | "markdown"; source: string };

export const titleOf = ({ target, dataset }: AutoForm): string => `AutoML: ${target} of ${dataset}`;

export const cellsFor = (form: AutoForm): Cell[] => {
  const text = JSON.stringify;
  const load = `await (await datasets.open(${text(`${form.dataset}@${form.version}`)})).toColumns()`;
  const positive = form.positive === null ? "" : `, positive: ${text(form.positive)}`;
  return [
    {
      cellType: "markdown",
      source: `# ${titleOf(form)}\nA search of ${form.minutes} minutes for a model of \`${form.target}\` in ${form.dataset} version ${form.version}. The result is a run, a version of the model ${form.model}, and a notebook that does it again without the search.`,
    },
    {
      cellType: "code",
      source: `import { datasets, learn, models, runs } from "atelier";\n\nconst table = ${load};\nconst found = await learn.auto(table, {\n  target: ${text(form.target)}${positive}, budget: { seconds: ${form.minutes * 60} } });\nfound`,
    },
    {
      cellType: "code",
      source: `const run = await runs.start({\n  experiment: "AutoML", name: ${text(form.target)}, params: { seconds: ${form.minutes * 60}, trials: found.trials.length } });\nrun.metrics({ [found.metric]: Math.abs(found.score) });\nawait run.end();\nconst version = await models.register(${text(form.model)}, {\n  model: found.model, trainedOn: table, run, description: "Found by AutoML; the number is cross-validated." });\nversion`,
    },
    {
      cellType: "code",
      source: `await found.toNotebook({\n  title: ${text(`Predicting ${form.target} of ${form.dataset}`)}, load: ${text(load)} })`,
    },
  ];
};
