// The tables that the shipped notebooks open: real, small enough to ship, each with its source in its description.

export type SeedTable = { name: string; file: URL; description: string };

export const lendingClub: SeedTable = {
  name: "lending_club",
  file: new URL("data/lending_club.csv", import.meta.url),
  description: "9,857 loans of an online lender with their outcome. From the R package modeldata 1.1.0, MIT licence.",
};

export const churn: SeedTable = {
  name: "churn",
  file: new URL("data/churn.csv", import.meta.url),
  description: "5,000 customers of a telephone company, and who left. mlc_churn of the R package modeldata 1.1.0, MIT licence.",
};

export const shakespeare: SeedTable = {
  name: "shakespeare",
  file: new URL("data/tinyshakespeare.txt", import.meta.url),
  description: "40,000 lines of Shakespeare's plays, one a row; public-domain text, known as tinyshakespeare.",
};
