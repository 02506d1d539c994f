import { expect } from 'chai';
import type { TranscriptMessage } from '../../src/domain/messages.ts';
import { topicOf } from '../../src/domain/messages.ts';
import { DaemonProcess, LIVENESS_MS, Sandbox, childrenOf, isRunning } from '../support/daemon.ts';
import { loadSchemas } from '../support/schemas.ts';
import {
  PlainSubscriber,
  PlainWebSocket,
  holes,
  isEvent,
  isFinal,
} from '../support/subscribers.ts';
import { wordErrors } from '../support/word-errors.ts';

/** What is said in the bundled recording after each wake phrase. */
const SAID = [
  'turn on the kitchen lights',
  'set a timer for ten minutes',
  'remind me to call my mother at five in the evening',
  'what is the weather in london tomorrow morning',
];

// daemon (bundled recording) --PUB--> two SUB sockets
//                            --WS---> one WebSocket
describe('the daemon with no microphone', function () {
  this.timeout(LIVENESS_MS);
  const sandbox = new Sandbox();
  let daemon: DaemonProcess;
  let subscriber: PlainSubscriber;
  let webSocket: PlainWebSocket;
  let children: number[] = [];

  before(async () => {
    daemon = new DaemonProcess(sandbox, { source: 'auto' });
    const { events, transcripts } = await daemon.addresses('zeromq');
    subscriber = new PlainSubscriber([events ?? '', transcripts ?? '']);
    webSocket = new PlainWebSocket((await daemon.addresses('websocket'))['stream'] ?? '');
    await Promise.all([
      subscriber.until((message) => isEvent(message, 'source_ended')),
      webSocket.until((message) => isEvent(message, 'source_ended')),
    ]);
    children = childrenOf(daemon.pid);
  });

  after(() => {
    daemon.signal('SIGKILL');
    subscriber.close();
    webSocket.close();
    sandbox.remove();
  });

  it('says that it plays the recording instead', () => {
    const notice = daemon.lines.find(({ msg }) => msg.includes('no microphone'));
    expect(notice?.msg).to.include('the bundled recording is played once instead');
  });

  it('recognises what is said after each wake phrase, and nothing else', () => {
    const finals = subscriber.messages.filter(isFinal).map(({ transcript }) => transcript);
    expect(finals).to.have.length(SAID.length);
    const { errors, words } = wordErrors(SAID.join(' '), finals.join(' '));
    expect(errors / words, finals.join(' | ')).to.be.at.most(0.05);
  });

  it('marks every transcript with its source', () => {
    const sources = subscriber.messages
      .filter((message) => 'kind' in message)
      .map(({ audio_source }) => audio_source);
    expect(new Set(sources)).to.deep.equal(new Set(['recording']));
  });

  it('gives both transports the same finals with the same sequence numbers', () => {
    const finals = webSocket.messages.filter(isFinal);
    expect(finals).to.deep.equal(subscriber.messages.filter(isFinal));
    expect(finals).to.have.length(SAID.length);
  });

  for (const stream of ['events', 'transcripts']) {
    it(`leaves no hole in the ${stream}, on either transport`, () => {
      expect(holes(subscriber.messages, stream)).to.deep.equal([]);
      expect(holes(webSocket.messages, stream)).to.deep.equal([]);
    });
  }

  it('sends partials before a final, with growing revisions', () => {
    const texts = subscriber.messages.filter(
      (message): message is TranscriptMessage => 'kind' in message,
    );
    const final = texts.filter(isFinal).at(2);
    const revisions = texts
      .filter(({ utterance_id }) => utterance_id === final?.utterance_id)
      .map(({ kind, revision }) => ({ kind, revision }));
    expect(revisions.length).to.be.greaterThan(1);
    expect(revisions.map(({ revision }) => revision)).to.deep.equal(
      revisions.map((_, index) => index + 1),
    );
    expect(revisions.at(-1)?.kind).to.equal('final');
  });

  it('sends each message under its topic', () => {
    expect(subscriber.topics).to.deep.equal(subscriber.messages.map(topicOf));
  });

  it('sends nothing but what its published document describes', () => {
    const schemas = loadSchemas();
    const problems = subscriber.messages.flatMap((message) =>
      schemas.problems('kind' in message ? 'TranscriptMessage' : 'EventMessage', message),
    );
    expect(problems).to.deep.equal([]);
    expect(subscriber.messages.length).to.be.greaterThan(20);
  });

  it('opens and closes a listening window', () => {
    const types = subscriber.messages
      .filter((message) => isEvent(message))
      .map((one) => one.event_type);
    expect(types).to.include.members([
      'wake_word_detected',
      'listening_started',
      'listening_ended',
    ]);
  });

  it('ends with 0 within its bound after SIGTERM, and leaves no child', async () => {
    expect(children.length).to.be.greaterThan(3);
    expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null });
    expect(children.filter(isRunning)).to.deep.equal([]);
    const last = webSocket.messages.at(-1);
    expect(last).to.include({ event_type: 'pipeline_stopped' });
  });
});
