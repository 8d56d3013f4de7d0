import type { Link, LinkEvents, LinkRequest, Transport } from '../../src/transport.js';

/** One link as the gateway's side sees it. */
export class FakeLink implements Link {
  readonly received: any[] = [];
  closedWith: { code: number; reason: string } | undefined;

  constructor(
    readonly request: LinkRequest,
    readonly events: LinkEvents,
  ) {}

  send(text: string): void {
    this.received.push(JSON.parse(text));
  }

  close(code: number, reason: string): void {
    this.closedWith = { code, reason };
  }

  says(...messages: object[]): void {
    for (const message of messages) this.events.message(JSON.stringify(message));
  }

  connected(more: object = {}): this {
    this.says({ type: 'connected', connection: 'c', user: 'u', node: 'n', ping: 25_000, ...more });
    return this;
  }

  drops(code = 1006, reason = '', retryAfter?: number): void {
    this.events.closed(code, reason, retryAfter);
  }

  of(type: string): any[] {
    return this.received.filter((message) => message.type === type);
  }

  /** Answers the newest subscribe to the channel. */
  subscribes(channel: string, more: object = {}): void {
    const { id } = this.of('subscribe').findLast((message) => message.channel === channel)!;
    this.says({ type: 'subscribed', channel, id, ...more });
  }

  acknowledges(...numbers: number[]): void {
    const messages = this.of('message');
    for (const number of numbers)
      this.says({ type: 'ack', id: messages[number].id, channel: messages[number].channel });
  }
}

/** Stands in for transport and gateway, where a test wants to say every word and stop the clock. */
export class FakeGateway {
  readonly links: FakeLink[] = [];
  readonly transport: Transport = (request, events) => {
    const link = new FakeLink(request, events);
    this.links.push(link);
    return link;
  };

  get link(): FakeLink {
    return this.links.at(-1)!;
  }
}
