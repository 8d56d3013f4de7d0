// Makes the table of compression.sh from the reports of the load runner: node compression.js RESULTS SUBSCRIBERS BYTES [DOCUMENT]
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { number, provenance, publish, read, table } from './report.js';

const [results, subscribers, bytes, document] = process.argv.slice(2);
const names = { gateway: '**gateway**', ws: 'ws', bun: 'Bun' };
const fileOf = (name) => join(results, `${name}.json`);
const reportOf = (name) => read(fileOf(name), name);

const cpu = (report) => report.server.cpuMicrosecondsPerMessage;
const wire = (report) => report.facts['bytes received/message'];
const memory = (report) => report.server.residentBytes;
const ratio = (value, base) => (base ? `${number(value / base, 2)} ×` : '');

const rows = Object.keys(names).flatMap((server) => {
  const plain = reportOf(`${server} 0`);
  return [0, 50, 100].filter((percent) => existsSync(fileOf(`${server} ${percent}`))).map((percent) => {
    const report = reportOf(`${server} ${percent}`);
    if (!report) return [names[server], `${percent} %`, 'failed', '', '', '', '', ''];
    const all = reportOf('gateway 100');
    return [
      names[server], `${percent} %`, number(report.messagesPerSecond), `${number(cpu(report), 2)} µs`, ratio(cpu(report), plain && cpu(plain)),
      all && server !== 'gateway' && percent === 100 ? ratio(cpu(all), cpu(report)) : '',
      `${number(wire(report))} B`, plain ? `${number((100 * wire(report)) / wire(plain))} %` : '', `${number(memory(report) / 2 ** 20)} MiB`,
    ];
  });
});
const heading = ['server', 'compressing', 'deliveries/s', 'server CPU per delivery', 'of its own without', 'gateway’s of it', 'on the wire', 'of its own without', 'memory'];
const load = `${number(Number(subscribers))} subscribers, ${number(Number(bytes))} bytes of content, one message in flight`;
publish(`${table(heading, rows, 1)}\n\n${load}; measured ${provenance('bench/compression.sh', ['ws', 'bun'])}`, 'compression', document);
