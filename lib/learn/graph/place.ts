// Where in somebody's own text a call came from. Frames of lib/learn and of Node are skipped, so an error names the cell, not us.

const ours = /[/\\]lib[/\\]learn[/\\]|node:|node_modules/;

/** "cell 3, line 5", or file and line, of the nearest caller outside lib/learn; empty when there is none. */
export const callerPlace = (): string => {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 40;
  const stack = new Error().stack ?? "";
  Error.stackTraceLimit = limit;
  for (const frame of stack.split("\n").slice(1)) {
    const cell = /cell-(\d+):(\d+):\d+/.exec(frame);
    if (cell) return `cell ${cell[1]}, line ${cell[2]}`;
    if (ours.test(frame)) continue;
    const file = /([^/\\(]+):(\d+):\d+\)?$/.exec(frame);
    if (file) return `${file[1]}, line ${file[2]}`;
  }
  return "";
};
