// Makes the table of compare.sh from the reports of the load runner: node table.js RESULTS SERVERS SCENARIOS [DOCUMENT]
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';

const [results, serverList, scenarioList, document] = process.argv.slice(2);
const servers = serverList.split(' ');
const names = { gateway: '**gateway**', bun: 'Bun', ws: 'ws', aspnet: 'ASP.NET Core', signalr: 'SignalR', socketio: 'Socket.IO' };
const begin = '<!-- compare:begin -->';
const end = '<!-- compare:end -->';

const number = (value, digits = 0) => value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const version = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;

function read(scenario, server) {
  const file = join(results, `${scenario}.${server}.json`);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const report = text ? JSON.parse(text) : undefined;
  if (report?.problems.count) process.stderr.write(`${scenario} ${server}: ${report.problems.first.join('\n')}\n`);
  return report?.problems.count === 0 && report.server ? report : undefined;
}

function table(heading, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(heading), line(heading.map((_, i) => (i < 2 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

// Each value beside what it is of Bun's.
function compared(scenario, columns) {
  const base = servers.includes('bun') ? read(scenario, 'bun') : undefined;
  return servers.map((server, i) => {
    const report = server === 'bun' ? base : read(scenario, server);
    const cells = columns.flatMap(({ value, format, ratio }) => {
      if (!report) return ratio ? ['failed', ''] : ['failed'];
      const cell = format(value(report));
      return ratio ? [cell, base ? `${number(value(report) / value(base), 2)} ×` : ''] : [cell];
    });
    return [i === 0 ? scenario : '', names[server], ...cells];
  });
}

const time = (report) => report.series.find((series) => series.name === report.measures);
const loadColumns = [
  { value: (report) => report.messagesPerSecond, format: (value) => number(value), ratio: true },
  { value: (report) => report.server.cpuMicrosecondsPerMessage, format: (value) => `${number(value, 2)} µs`, ratio: true },
  { value: (report) => time(report).p50, format: (value) => `${number(value, 2)} ms` },
  { value: (report) => time(report).p99, format: (value) => `${number(value, 2)} ms`, ratio: true },
];
const idleColumns = [
  { value: (report) => report.server.bytesPerConnection, format: (value) => `${number(value)} B`, ratio: true },
  { value: (report) => report.facts['connects/s'], format: (value) => number(value), ratio: true },
];

const scenarios = scenarioList.split(' ');
const parts = [];
const loads = scenarios.filter((scenario) => scenario !== 'idle');
if (loads.length) {
  const heading = ['load', 'server', 'messages/s', 'of Bun', 'server CPU per message', 'of Bun', 'p50', 'p99', 'of Bun'];
  parts.push(table(heading, loads.flatMap((scenario) => compared(scenario, loadColumns))));
}
if (scenarios.includes('idle'))
  parts.push(table(['load', 'server', 'memory per connection', 'of Bun', 'connects/s', 'of Bun'], compared('idle', idleColumns)));

const packages = { bun: 'bun', ws: 'ws', socketio: 'socket.io' };
const versions = Object.entries(packages).filter(([server]) => servers.includes(server)).map(([, name]) => `${name} ${version(name)}`);
const machine = `${cpus().length} × ${cpus()[0].model}, Linux ${release()}, Node.js ${process.version}${versions.map((text) => `, ${text}`).join('')}`;
parts.push(`Measured by \`bench/compare.sh\` on ${new Date().toISOString().slice(0, 10)}: ${machine}.`);
const text = parts.join('\n\n');
process.stdout.write(`${text}\n`);

if (document) {
  const page = readFileSync(document, 'utf8');
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${document} has no ${begin} … ${end}`);
  writeFileSync(document, `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`);
}
