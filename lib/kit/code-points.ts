// Jupyter counts a cursor in Unicode code points, JavaScript in UTF-16 units: "𝒙" is one there and two here.

/** Units of a text before a number of code points. */
export const toUnits = (text: string, points: number): number => {
  let units = 0;
  for (let left = Math.max(0, points); left > 0 && units < text.length; left--) units += text.codePointAt(units)! > 0xffff ? 2 : 1;
  return units;
};

/** Code points in the first units of a text. */
export const toPoints = (text: string, units: number): number => [...text.slice(0, units)].length;
