import { useGateway } from '@gateway/react';
import { Avatar } from './Avatar.js';
import type { Profile } from './useProfile.js';
import './Account.css';

const states = {
    connected: 'Connected',
    connecting: 'Connecting …',
    waiting: 'Coming back …',
    closed: 'Closed',
};

/** Who one is, and how the connection is. */
export function Account({ profile }: { profile: Profile }) {
    const { state } = useGateway();
    return (
        <div className="account">
            <Avatar person={profile} />
            <label>
                <span className="hidden">Your name</span>
                <input
                    defaultValue={profile.name}
                    key={profile.name}
                    maxLength={24}
                    autoComplete="off"
                    onBlur={({ target }) => {
                        profile.rename(target.value);
                        if (!target.value.trim()) target.value = profile.name;
                    }}
                    onKeyDown={({ key, currentTarget }) => key === 'Enter' && currentTarget.blur()}
                />
            </label>
            <p className={`state ${state}`} role="status">
                {states[state]}
            </p>
        </div>
    );
}
