// Numbers for people: three digits, and a unit that fits.

const whole = new Intl.NumberFormat('en');

export const none = '–';

export const count = (value) => (value === null ? none : whole.format(Math.round(value)));

/** 1,234 as it is, 12.3k, 4.56M. */
export function short(value) {
  if (value === null) return none;
  if (value < 10 && value !== Math.round(value)) return value.toFixed(1);
  if (value < 10_000) return whole.format(Math.round(value));
  return value < 999_500 ? `${digits(value / 1e3)}k` : value < 999_500_000 ? `${digits(value / 1e6)}M` : `${digits(value / 1e9)}G`;
}

export const perSecond = (value) => (value === null ? none : `${short(value)}/s`);

export function bytes(value) {
  if (value === null) return none;
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : digits(value)} ${units[unit]}`;
}

export const bytesPerSecond = (value) => (value === null ? none : `${bytes(value)}/s`);

export function seconds(value) {
  if (value === null) return none;
  if (value < 0.000_999_5) return `${Math.round(value * 1e6)} µs`;
  return value < 0.999_5 ? `${digits(value * 1e3)} ms` : `${digits(value)} s`;
}

export const percent = (value) => (value === null ? none : `${value < 0.1 ? (value * 100).toFixed(1) : Math.round(value * 100)} %`);

/** How long something has lasted: the two largest units. */
export function duration(milliseconds) {
  const all = Math.max(0, Math.floor(milliseconds / 1000));
  const parts = [[86_400, 'd'], [3_600, 'h'], [60, 'm'], [1, 's']];
  const first = parts.findIndex(([size]) => all >= size);
  if (first < 0) return '0 s';
  return parts.slice(first, first + 2)
    .map(([size, unit], place) => [place === 0 ? Math.floor(all / size) : Math.floor((all % parts[first][0]) / size), unit])
    .filter(([number], place) => place === 0 || number > 0)
    .map(([number, unit]) => `${number} ${unit}`).join(' ');
}

export function ago(time, now = Date.now()) {
  const passed = now - time;
  return passed < 2_000 ? 'now' : `${duration(passed).split(' ').slice(0, 2).join(' ')} ago`;
}

export function clock(time) {
  const date = new Date(time);
  const two = (number) => String(number).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

const digits = (value) => (Number.isInteger(value) ? String(value) : value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0));
