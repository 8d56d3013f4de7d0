import { useGateway } from '@gateway/react';
import { Avatar } from './Avatar.js';
import type { Person } from './useActivity.js';
import './People.css';

/** As many faces as fit beside a room's name. */
const shown = 4;

const here = (count: number) => (count === 1 ? 'Only you here' : `${count} here`);

export function Stack({ people, count }: { people: Person[]; count: number }) {
    return (
        <div className="stack">
            {people.slice(0, shown).map((person) => (
                <Avatar key={person.id} person={person} />
            ))}
            <span className="count">{count > 0 && here(count)}</span>
        </div>
    );
}

interface PeopleProps {
    people: Person[];
    count: number;
    me: string;
    room: string;
    position: number;
}

/** Beside the chat, where there is room for it. */
export function People({ people, count, me, room, position }: PeopleProps) {
    const { client } = useGateway();
    return (
        <aside className="people">
            <h2>People · {count}</h2>
            <ul>
                {people.map((person) => (
                    <li key={person.id}>
                        <Avatar person={person} />
                        <span>{person.name}</span>
                        {person.id === me && <small>you</small>}
                    </li>
                ))}
            </ul>
            <div className="inside">
                <h2>Behind it</h2>
                <dl>
                    <dt>channel</dt>
                    <dd>demo:{room}</dd>
                    <dt>position</dt>
                    <dd>{position}</dd>
                    <dt>node</dt>
                    <dd>{client.session?.node}</dd>
                </dl>
                <p>
                    Open{' '}
                    <a href="" target="_blank">
                        another tab
                    </a>
                    , or stop the gateway and start it again, and watch.
                </p>
            </div>
        </aside>
    );
}
