import type { CSSProperties } from 'react';
import type { Person } from './useActivity.js';
import './Avatar.css';

/** As far from each other as few people can be: steps of the golden angle. */
function hueOf(id: string): number {
    let hash = 0;
    for (const letter of id) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
    return (hash * 137.508) % 360;
}

const initialsOf = (name: string) =>
    name
        .split(/\s+/)
        .filter(Boolean)
        .slice(0, 2)
        .map((word) => [...word][0]!.toUpperCase())
        .join('');

/** The same person has the same colour everywhere. */
export const colourOf = (id: string) => ({ '--hue': hueOf(id) }) as CSSProperties;

export function Avatar({ person }: { person: Person }) {
    return (
        <span className="avatar" style={colourOf(person.id)} title={person.name} aria-hidden>
            {initialsOf(person.name)}
        </span>
    );
}
