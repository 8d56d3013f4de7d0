// What the tables of compare.sh and compression.sh have in common: reading the load runner's reports, and putting a table where it belongs.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';

export const number = (value, digits = 0) => value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** The report in a file; undefined where there is none, or one of a load that failed. */
export function read(file, name) {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const report = text ? JSON.parse(text) : undefined;
  if (report?.problems.count) process.stderr.write(`${name}: ${report.problems.first.join('\n')}\n`);
  return report?.problems.count === 0 && report.server ? report : undefined;
}

/** A table in Markdown; the first so many columns are text, and the others numbers. */
export function table(heading, rows, texts) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(heading), line(heading.map((_, i) => (i < texts ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

/** What has measured, when and on which machine: what stands behind "measured". */
export function provenance(script, packages) {
  const version = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
  const parts = [`${cpus().length} × ${cpus()[0].model}`, `Linux ${release()}`, `Node.js ${process.version}`, ...packages.map((name) => `${name} ${version(name)}`)];
  return `by \`${script}\` on ${new Date().toISOString().slice(0, 10)}: ${parts.join(', ')}.`;
}

/** Prints a text, and puts it between the marks of its name in a document, if there is one. */
export function publish(text, name, document) {
  process.stdout.write(`${text}\n`);
  if (!document) return;
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const page = readFileSync(document, 'utf8');
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${document} has no ${begin} … ${end}`);
  writeFileSync(document, `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`);
}
