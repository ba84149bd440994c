// What a shipped notebook is: a key that names its recorded outputs, a title, and its cells as plain data.

export type SeedCell = { cellType: "code" | "markdown"; source: string };
export type SeedNotebook = {
  key: string;
  title: string;
  cells: SeedCell[];
  /** Texts to replace in its cells where a smaller run is wanted: what a test runs, not what ships. */
  smaller?: Record<string, string>;
};

export const text = (source: string): SeedCell => ({ cellType: "markdown", source });
export const code = (source: string): SeedCell => ({ cellType: "code", source: source.trim() });
