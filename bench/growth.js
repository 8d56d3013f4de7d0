// Draws what growth.sh measured, and prints it as a table: node growth.js RESULTS FOLDER
const { mkdirSync, readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const [results, folder] = process.argv.slice(2);
const plots = {
  subscribers: 'Subscribers of one channel, 4 messages in flight',
  channels: 'Channels of 1,000 subscribers together, 100 messages in flight',
  bytes: 'Bytes of a message, 100 subscribers, 4 in flight',
  cores: 'Cores of the gateway, 1,000 subscribers, 16 in flight',
};
const whole = (value) => value.toLocaleString('en');
const number = (value) => value.toLocaleString('en', { maximumSignificantDigits: 3 });

function read(series) {
  return readdirSync(results)
    .filter((file) => file.startsWith(`${series}.`))
    .map((file) => {
      const report = JSON.parse(readFileSync(join(results, file), 'utf8'));
      if (report.problems.count) throw new Error(`${file}: ${report.problems.first.join('\n')}`);
      return { x: Number(file.split('.')[1]), cost: report.server.cpuMicrosecondsPerMessage, rate: report.messagesPerSecond };
    })
    .sort((a, b) => a.x - b.x);
}

// One line over a logarithmic axis, with the value at each point; it takes the reader's colours, light or dark.
function draw(title, points, unit, valueOf) {
  const [width, height, left, right, top, bottom] = [480, 240, 24, 24, 44, 34];
  const logs = points.map((point) => Math.log(point.x));
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  const highest = Math.max(...points.map(valueOf)) * 1.15;
  const x = (i) => left + ((logs[i] - low) / (high - low || 1)) * (width - left - right);
  const y = (value) => height - bottom - (value / highest) * (height - top - bottom);
  const dots = points.map((point, i) => {
    const [px, py] = [x(i).toFixed(1), y(valueOf(point)).toFixed(1)];
    const anchor = i === 0 ? 'start' : i === points.length - 1 ? 'end' : 'middle';
    return `<circle cx="${px}" cy="${py}" r="3.5"/><text class="value" x="${px}" y="${py - 9}" text-anchor="${anchor}">${number(valueOf(point))}</text>` +
      `<text x="${px}" y="${height - 12}" text-anchor="${anchor}">${whole(point.x)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}: ${unit}">
<style>
text { font: 11px system-ui, sans-serif; fill: #59636e } .title { font-weight: 600; font-size: 12.5px; fill: #1f2328 } .value { fill: #1f2328 }
path { fill: none; stroke: #5b54e0; stroke-width: 2 } circle { fill: #5b54e0 } line { stroke: #d1d9e0 }
@media (prefers-color-scheme: dark) { text { fill: #9198a1 } .title, .value { fill: #f0f6fc } path { stroke: #8b8bff } circle { fill: #8b8bff } line { stroke: #3d444d } }
</style>
<text class="title" x="${left}" y="16">${title}</text><text x="${left}" y="31">${unit}</text>
<line x1="${left}" x2="${width - right}" y1="${height - bottom}" y2="${height - bottom}"/>
<path d="M${points.map((point, i) => `${x(i).toFixed(1)},${y(valueOf(point)).toFixed(1)}`).join('L')}"/>
${dots.join('\n')}
</svg>
`;
}

mkdirSync(folder, { recursive: true });
for (const [series, title] of Object.entries(plots)) {
  const points = read(series);
  writeFileSync(join(folder, `${series}.svg`), draw(title, points, 'server CPU per delivery, µs', (point) => point.cost));
  console.log(`| ${title} | ${points.map((point) => whole(point.x)).join(' | ')} |`);
  console.log(`|---|${points.map(() => '---:|').join('')}`);
  console.log(`| server CPU per delivery, µs | ${points.map((point) => number(point.cost)).join(' | ')} |`);
  console.log(`| deliveries/s | ${points.map((point) => number(point.rate)).join(' | ')} |\n`);
}
