// The files of deploy, read strictly: a key given twice, or an unknown tag, is an error.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const read = (path) => readFileSync(root + path, 'utf8');

/** All documents of a YAML file. */
export function documents(path) {
  return parseAllDocuments(read(path), { strict: true, uniqueKeys: true, merge: true }).map((document) => {
    assert.deepEqual([...document.errors, ...document.warnings].map(String), [], path);
    return document.toJS();
  });
}

/** Seconds of hh:mm:ss, or of 45s. */
export function seconds(time) {
  const short = /^(\d+)s$/.exec(time);
  if (short) return Number(short[1]);
  const [, hours, minutes, rest] = /^(\d+):(\d\d):(\d\d)$/.exec(time);
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}

export const drainDefault = '00:00:30';
/** What the gateway gives itself beyond Drain:Duration. */
export const patience = 10;
export const version = /<Version>(.+)<\/Version>/.exec(read('Directory.Build.props'))[1];
