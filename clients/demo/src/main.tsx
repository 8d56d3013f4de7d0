import { GatewayProvider } from '@gateway/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './style.css';
import { App } from './App.js';

createRoot(document.getElementById('root')!).render(
    <StrictMode>
        <GatewayProvider url="/ws">
            <App />
        </GatewayProvider>
    </StrictMode>,
);
