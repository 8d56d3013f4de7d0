// Makes the table of compression.sh from the reports of the load runner: node compression.js RESULTS SUBSCRIBERS BYTES [DOCUMENT]
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';

const [results, subscribers, bytes, document] = process.argv.slice(2);
const names = { gateway: '**gateway**', ws: 'ws', bun: 'Bun' };
const begin = '<!-- compression:begin -->';
const end = '<!-- compression:end -->';
const number = (value, digits = 0) => value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

function read(name) {
  const file = join(results, `${name}.json`);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const report = text ? JSON.parse(text) : undefined;
  if (report?.problems.count) process.stderr.write(`${name}: ${report.problems.first.join('\n')}\n`);
  return report?.problems.count === 0 && report.server ? report : undefined;
}

const cpu = (report) => report.server.cpuMicrosecondsPerMessage;
const wire = (report) => report.facts['bytes received/message'];
const memory = (report) => report.server.residentBytes;
const ratio = (value, base) => (base ? `${number(value / base, 2)} ×` : '');

const rows = Object.keys(names).flatMap((server) => {
  const plain = read(`${server} 0`);
  return [0, 50, 100].filter((percent) => existsSync(join(results, `${server} ${percent}.json`))).map((percent) => {
    const report = read(`${server} ${percent}`);
    if (!report) return [names[server], `${percent} %`, 'failed', '', '', '', '', ''];
    const all = read('gateway 100');
    return [
      names[server], `${percent} %`, number(report.messagesPerSecond), `${number(cpu(report), 2)} µs`, ratio(cpu(report), plain && cpu(plain)),
      all && server !== 'gateway' && percent === 100 ? ratio(cpu(all), cpu(report)) : '',
      `${number(wire(report))} B`, plain ? `${number((100 * wire(report)) / wire(plain))} %` : '', `${number(memory(report) / 2 ** 20)} MiB`,
    ];
  });
});
const heading = ['server', 'compressing', 'deliveries/s', 'server CPU per delivery', 'of its own without', 'gateway’s of it', 'on the wire', 'of its own without', 'memory'];
const line = (cells) => `| ${cells.join(' | ')} |`;
const table = [line(heading), line(heading.map((_, i) => (i < 1 ? '---' : '---:'))), ...rows.map(line)].join('\n');
const version = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
const machine = `${cpus().length} × ${cpus()[0].model}, Linux ${release()}, Node.js ${process.version}, ws ${version('ws')}, bun ${version('bun')}`;
const measured = `${number(Number(subscribers))} subscribers, ${number(Number(bytes))} bytes of content, one message in flight; measured by \`bench/compression.sh\` on ${new Date().toISOString().slice(0, 10)}: ${machine}.`;
const text = `${table}\n\n${measured}`;
process.stdout.write(`${text}\n`);

if (document) {
  const page = readFileSync(document, 'utf8');
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${document} has no ${begin} … ${end}`);
  writeFileSync(document, `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`);
}
