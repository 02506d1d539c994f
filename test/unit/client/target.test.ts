import { expect } from 'chai';
import { describeTarget, websocketTarget, zeromqTarget } from '../../../src/client/target.ts';
import { RtapError } from '../../../src/domain/errors.ts';

describe('Targets', () => {
  it('are WebSocket addresses, with /stream when no path is given', () => {
    expect(describeTarget(websocketTarget('ws://127.0.0.1:5802'))).to.equal(
      'ws://127.0.0.1:5802/stream',
    );
    expect(describeTarget(websocketTarget('wss://host/a/stream'))).to.equal('wss://host/a/stream');
  });

  it('are one or two ZeroMQ endpoints', () => {
    expect(zeromqTarget('tcp://127.0.0.1:6552, tcp://[::1]:6553')).to.deep.equal({
      transport: 'zeromq',
      endpoints: ['tcp://127.0.0.1:6552', 'tcp://[::1]:6553'],
    });
    expect(describeTarget(zeromqTarget('ipc:///run/x'))).to.equal('ipc:///run/x');
  });

  for (const text of ['', 'localhost:5802', 'http://127.0.0.1:5802', 'ws://']) {
    it(`refuse ${JSON.stringify(text)} as a WebSocket address`, () => {
      expect(() => websocketTarget(text))
        .to.throw(RtapError)
        .with.property('code', 'USAGE');
    });
  }

  for (const text of [
    '',
    'tcp://x',
    'tcp://a:1,tcp://b:2,tcp://c:3',
    'ws://a:1',
    'tcp://a:1,',
    'tcp://a:99999',
    'tcp://a:0',
  ]) {
    it(`refuse ${JSON.stringify(text)} as ZeroMQ endpoints`, () => {
      expect(() => zeromqTarget(text))
        .to.throw(RtapError)
        .with.property('code', 'USAGE');
    });
  }
});
