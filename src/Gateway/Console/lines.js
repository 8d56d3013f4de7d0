// From figures to paths.

/** The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below the value. */
export function niceTop(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((top) => top >= value * (1 - 1e-9));
}

/** How much time a picture of these times shows: whole minutes, from one to the five that are remembered. */
export const spanOf = (times, now) => 60_000 * Math.min(5, Math.max(1, Math.ceil((now - (times[0] ?? now) - 1_000) / 60_000)));

/** The points of a line in pieces: what isn't known breaks it. */
export function pieces(times, values, x, y) {
  const found = [];
  let piece = null;
  values.forEach((value, place) => {
    if (value === null) {
      piece = null;
      return;
    }
    if (!piece) found.push(piece = []);
    piece.push([x(times[place]), y(value)]);
  });
  return found;
}

const text = (piece) => piece.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join('L');

/** A piece of one point is a dot, which a path with a round cap shows. */
export const linePath = (found) => found.map((piece) => `M${text(piece)}${piece.length === 1 ? 'h.01' : ''}`).join('');

export const areaPath = (found, bottom) => found
  .filter((piece) => piece.length > 1)
  .map((piece) => `M${piece[0][0].toFixed(1)},${bottom}L${text(piece)}L${piece.at(-1)[0].toFixed(1)},${bottom}Z`).join('');
