'use client';

export { GatewayProvider, type GatewayProviderProps } from './GatewayProvider.js';
export { type ChannelOptions, type ChannelView, useChannel } from './useChannel.js';
export { useGateway } from './useGateway.js';
export { usePresence } from './usePresence.js';
export { useWebSocket, type WebSocketHook, type WebSocketOptions } from './useWebSocket.js';
