/** Each is a channel of the namespace `demo`, which has history and presence while the gateway is in development mode. */
export const rooms = [
  { name: 'lobby', about: 'Where everybody arrives' },
  { name: 'ideas', about: 'What could be' },
  { name: 'random', about: 'Anything else' },
];
