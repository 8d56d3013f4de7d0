// Makes the table of compare.sh from the reports of the load runner: node table.js RESULTS SERVERS SCENARIOS [DOCUMENT]
import { join } from 'node:path';
import { number, provenance, publish, read, table } from './report.js';

const [results, serverList, scenarioList, document] = process.argv.slice(2);
const servers = serverList.split(' ');
const names = { gateway: '**gateway**', bun: 'Bun', ws: 'ws', aspnet: 'ASP.NET Core', signalr: 'SignalR', socketio: 'Socket.IO' };
const reportOf = (scenario, server) => read(join(results, `${scenario}.${server}.json`), `${scenario} ${server}`);

// Each value beside what it is of Bun's.
function compared(scenario, columns) {
  const base = servers.includes('bun') ? reportOf(scenario, 'bun') : undefined;
  return servers.map((server, i) => {
    const report = server === 'bun' ? base : reportOf(scenario, server);
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
  parts.push(table(heading, loads.flatMap((scenario) => compared(scenario, loadColumns)), 2));
}
if (scenarios.includes('idle'))
  parts.push(table(['load', 'server', 'memory per connection', 'of Bun', 'connects/s', 'of Bun'], compared('idle', idleColumns), 2));

const packages = { bun: 'bun', ws: 'ws', socketio: 'socket.io' };
const used = Object.entries(packages).filter(([server]) => servers.includes(server)).map(([, name]) => name);
parts.push(`Measured ${provenance('bench/compare.sh', used)}`);
publish(parts.join('\n\n'), 'compare', document);
