// Prometheus and Grafana find what they are given.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { documents, read, root } from './files.mjs';

const [prometheus] = documents('deploy/prometheus/prometheus.yml');
for (const file of prometheus.rule_files) assert.ok(existsSync(`${root}deploy/prometheus/${file}`), file);
const [{ groups }] = documents('deploy/prometheus/alerts.yml');
const jobs = prometheus.scrape_configs.map(({ job_name }) => job_name);
for (const { rules } of groups)
  for (const { expr } of rules) for (const [, job] of expr.matchAll(/job="(\w+)"/g)) assert.ok(jobs.includes(job), expr);

const [{ datasources }] = documents('deploy/grafana/provisioning/datasources/prometheus.yaml');
const wanted = JSON.parse(read('deploy/grafana/gateway.json')).templating.list.find(({ type }) => type === 'datasource').query;
assert.ok(datasources.some(({ type, isDefault }) => type === wanted && isDefault));
const [{ providers }] = documents('deploy/grafana/provisioning/dashboards/gateway.yaml');
const { volumes } = documents('deploy/compose/compose.yaml')[0].services.grafana;
assert.ok(volumes.some((volume) => volume.split(':')[1].startsWith(providers[0].options.path)));
console.log('done');
