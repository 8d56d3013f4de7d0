import { el } from './dom.js';

/** What is no wider stays on one line. */
const width = 64;

/** A number as it was written, where JavaScript would make another of it. */
class Written {
  constructor(text) {
    this.text = text;
  }
}

/** Reads JSON so that showing it again loses nothing of its numbers. */
export const parse = (text) => JSON.parse(text, (_, value, context) =>
  (typeof value === 'number' && context?.source !== undefined && String(value) !== context.source ? new Written(context.source) : value));

/** JSON with line breaks and colours; text all of it, whatever it holds. */
export function pretty(value) {
  const parts = [];
  write(value, '', parts);
  return el('pre', { class: 'json', tabindex: 0 }, ...parts);
}

function write(value, indent, parts) {
  if (value === null || typeof value === 'boolean') parts.push(token('keyword', String(value)));
  else if (typeof value === 'number') parts.push(token('number', String(value)));
  else if (value instanceof Written) parts.push(token('number', value.text));
  else if (typeof value === 'string') parts.push(token('text', JSON.stringify(value)));
  else writeMembers(value, indent, parts);
}

function writeMembers(value, indent, parts) {
  const isList = Array.isArray(value);
  const members = Object.entries(value);
  const [open, close] = isList ? '[]' : '{}';
  if (members.length === 0) {
    parts.push(open + close);
    return;
  }
  if (members.every(([, member]) => isPlain(member)) && widthOf(members) <= width) {
    parts.push(isList ? open : `${open} `);
    members.forEach(([name, member], place) => {
      if (!isList) parts.push(token('member', JSON.stringify(name)), ': ');
      write(member, indent, parts);
      if (place < members.length - 1) parts.push(', ');
    });
    parts.push(isList ? close : ` ${close}`);
    return;
  }
  parts.push(`${open}\n`);
  members.forEach(([name, member], place) => {
    parts.push(`${indent}  `);
    if (!isList) parts.push(token('member', JSON.stringify(name)), ': ');
    write(member, `${indent}  `, parts);
    parts.push(place < members.length - 1 ? ',\n' : '\n');
  });
  parts.push(indent + close);
}

const isPlain = (value) => value === null || typeof value !== 'object' || value instanceof Written;

const widthOf = (members) => members.reduce((sum, [name, member]) => sum + name.length + 6 + String(member?.text ?? member).length, 0);

const token = (kind, text) => el('span', { class: `json-${kind}` }, text);
