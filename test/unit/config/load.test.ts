import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadConfig, valueAt } from '../../../config/load.ts';
import type { ConfigRequest } from '../../../config/load.ts';
import { describeProblem, problemsOf } from '../../../config/problem.ts';
import type { ConfigProblem } from '../../../config/problem.ts';
import { PROFILES } from '../../../config/profiles.ts';
import { KEYS, SECTIONS } from '../../../config/schema.ts';
import { RtapError } from '../../../src/domain/errors.ts';

type Given = Partial<ConfigRequest>;

function load(given: Given = {}) {
  return loadConfig({ set: [], env: {}, ...given });
}

function problemsIn(given: Given): readonly ConfigProblem[] {
  try {
    load(given);
  } catch (thrown) {
    const problems = problemsOf(thrown);
    if (problems === null) throw thrown;
    return problems;
  }
  return [];
}

function messageOf(given: Given): string {
  const problems = problemsIn(given);
  expect(problems).to.have.length(1);
  return problems.map(describeProblem).join('');
}

describe('the configuration', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'rtap-config-'));
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  function fileOf(text: string, name = 'rtap.yaml'): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  describe('values', () => {
    it('are the defaults when nothing is set', () => {
      const { config, origins, notices, profile } = load();
      expect(config.audio.ring_buffer_size_ms).to.equal(4000);
      expect(config.output).to.include({ websocket_port: 5802, host: '127.0.0.1' });
      expect(config.wakeword.phrases).to.deep.equal(['hey_jarvis']);
      expect(profile).to.deep.equal({ name: 'default', production: false });
      expect(notices).to.deep.equal([]);
      expect([...origins.keys()]).to.deep.equal([...KEYS.keys()]);
      expect(new Set([...origins.values()].map(({ layer }) => layer))).to.deep.equal(
        new Set(['default']),
      );
    });

    it('have a default for every key that the key itself accepts', () => {
      for (const { path, leaf } of KEYS.values()) {
        expect(() => {
          leaf.format(leaf.default);
        }, path).not.to.throw();
        expect(valueAt(load().config, path), path).to.deep.equal(leaf.default);
      }
    });

    it('come from the strongest layer that sets them', () => {
      const path = 'resilience.bulkhead.max_queue_size';
      const file = fileOf('resilience:\n  bulkhead:\n    max_queue_size: 20\n');
      const env = { RTAP_RESILIENCE_BULKHEAD_MAX_QUEUE_SIZE: '21' };
      const set = [`${path}=22`, `${path}=23`];
      const layers: [Given, unknown, string, string][] = [
        [{}, 32, 'default', 'built in'],
        [{ environment: 'pc2' }, 16, 'profile', 'pc2'],
        [{ environment: 'pc2', file }, 20, 'file', `${file}:3`],
        [
          { environment: 'pc2', file, env },
          21,
          'environment',
          'RTAP_RESILIENCE_BULKHEAD_MAX_QUEUE_SIZE',
        ],
        [{ environment: 'pc2', file, env, set }, 23, 'command line', '--set'],
      ];
      for (const [given, value, layer, name] of layers) {
        const { config, origins } = load(given);
        expect(config.resilience.bulkhead.max_queue_size).to.equal(value);
        expect(origins.get(path)).to.deep.equal({ layer, name });
      }
    });

    it('take the source of the command line before any other', () => {
      const { config, origins } = load({
        env: { RTAP_AUDIO_SOURCE: 'tone' },
        set: ['audio.source=stdin'],
        argvSource: 'file:a b.wav?speed=max',
      });
      expect(config.audio.source).to.equal('file:a b.wav?speed=max');
      expect(origins.get('audio.source')).to.deep.equal({
        layer: 'command line',
        name: '--source',
      });
    });

    it('are frozen all the way down', () => {
      const { config } = load();
      expect(config).to.be.frozen;
      expect(config.resilience.bulkhead).to.be.frozen;
      expect(config.wakeword.phrases).to.be.frozen;
      load({ set: ['wakeword.phrases=alexa'] });
      expect(load().config.wakeword.phrases).to.deep.equal(['hey_jarvis']);
    });

    it('have a hash that tells other values, and nothing else, apart', () => {
      const file = fileOf('output: {websocket_port: 5802}');
      expect(load().hash).to.match(/^[0-9a-f]{64}$/);
      expect(load({ file }).hash).to.equal(load({ environment: 'main_pc' }).hash);
      expect(load({ set: ['output.websocket_port=5803'] }).hash).not.to.equal(load().hash);
    });
  });

  describe('profiles', () => {
    it('hold differences from the defaults only', () => {
      for (const name of Object.keys(PROFILES)) {
        const { config, origins } = load({ environment: name });
        for (const [path, { layer }] of origins) {
          if (layer !== 'profile') continue;
          expect(valueAt(config, path), path).not.to.deep.equal(KEYS.get(path)?.leaf.default);
        }
      }
    });

    it('are chosen by the option, then by the variable', () => {
      const env = { RTAP_ENVIRONMENT: 'pc2' };
      expect(load({ env }).profile).to.deep.equal({ name: 'pc2', production: true });
      expect(load({ env, environment: 'main_pc' }).profile.name).to.equal('main_pc');
      expect(load({ env: { RTAP_ENVIRONMENT: '' } }).profile.name).to.equal('default');
    });

    it('say what of v1 they leave out', () => {
      expect(load({ environment: 'pc2' }).notices.join()).to.match(/float32.*beam.*breaker/);
    });

    it('are refused by a name that is none', () => {
      expect(messageOf({ env: { RTAP_ENVIRONMENT: 'man_pc' } })).to.equal(
        'environment = "man_pc" (environment: RTAP_ENVIRONMENT): is not a profile: choose of default, main_pc, pc2; did you mean main_pc?',
      );
      for (const environment of ['__proto__', 'toString', '']) {
        expect(problemsIn({ environment })).to.have.length(1);
      }
    });

    it('accept nothing but a device in production', () => {
      for (const source of ['file:a.wav', 'stdin', 'silence', 'tone', 'tone:440']) {
        expect(messageOf({ environment: 'main_pc', argvSource: source })).to.include(
          'only a device is a source',
        );
        expect(problemsIn({ argvSource: source })).to.deep.equal([]);
      }
      for (const source of ['auto', 'device:USB microphone']) {
        expect(problemsIn({ environment: 'pc2', argvSource: source })).to.deep.equal([]);
      }
    });
  });

  describe('variables', () => {
    function textOf(value: unknown): string {
      return Array.isArray(value) ? value.join(',') : String(value);
    }

    it('reach every key', () => {
      const others: Readonly<Record<string, string>> = {
        'audio.source': 'tone',
        'audio.device': 'USB',
        'pipeline.activation': 'always',
        'wakeword.phrases': 'alexa,hey_mycroft',
        'stt.model_path': '/models/other',
        'output.host': 'localhost',
        'output.allowed_origins': 'http://a.example,https://b.example:8443',
        'cluster.instance': 'kitchen',
        'cluster.state_directory': '/var/lib/rtap',
        'admin.host': 'localhost',
        'telemetry.log_level': 'debug',
      };
      for (const { path, variable, leaf } of KEYS.values()) {
        const changed =
          typeof leaf.default === 'boolean'
            ? String(!leaf.default)
            : typeof leaf.default === 'number'
              ? String(leaf.default + (Number.isInteger(leaf.default) ? -2 : 0.125))
              : others[path];
        const isFixed = /^(?:[\w-]+): /.test(leaf.accepts);
        const text = changed === undefined || isFixed ? textOf(leaf.default) : changed;
        const { config, origins } = load({ env: { [variable]: text } });
        expect(textOf(valueAt(config, path)), variable).to.equal(text);
        if (text !== '') {
          expect(origins.get(path), variable).to.deep.equal({
            layer: 'environment',
            name: variable,
          });
        }
      }
    });

    it('have names that are told apart and that follow from the key', () => {
      const variables = [...KEYS.values()].map(({ variable }) => variable);
      expect(new Set(variables).size).to.equal(variables.length);
      expect(KEYS.get('output.websocket_port')?.variable).to.equal('RTAP_OUTPUT_WEBSOCKET_PORT');
      expect(KEYS.get('resilience.bulkhead.max_queue_size')?.variable).to.equal(
        'RTAP_RESILIENCE_BULKHEAD_MAX_QUEUE_SIZE',
      );
    });

    it('of v1 set the device and the log level', () => {
      const { config, notices } = load({
        env: { AUDIO_DEVICE: 'USB', RTAP_LOG_LEVEL: 'WARNING' },
      });
      expect(config.audio.device).to.equal('USB');
      expect(config.telemetry.log_level).to.equal('warn');
      expect(notices).to.deep.equal([
        'telemetry.log_level = WARNING (environment: RTAP_LOG_LEVEL) is taken as "warn".',
      ]);
    });

    it('that disagree are refused, and that agree are not', () => {
      const message = messageOf({ env: { AUDIO_DEVICE: 'a', RTAP_AUDIO_DEVICE: 'b' } });
      expect(message).to.include('disagrees with AUDIO_DEVICE');
      expect(problemsIn({ env: { AUDIO_DEVICE: 'a', RTAP_AUDIO_DEVICE: 'a' } })).to.deep.equal([]);
    });

    it('that are empty count as not set', () => {
      const env = { AUDIO_DEVICE: '', RTAP_OUTPUT_WEBSOCKET_PORT: '', RTAP_NO_SUCH: '' };
      expect(load({ env }).hash).to.equal(load().hash);
    });

    it('that are unknown are named without their value', () => {
      const message = messageOf({ env: { RTAP_OUTPUT_WEBSOCKETPORT: 'secret' } });
      expect(message).to.equal(
        '(environment: RTAP_OUTPUT_WEBSOCKETPORT): is not a variable of rtap; did you mean RTAP_OUTPUT_WEBSOCKET_PORT?',
      );
    });

    it('name the file', () => {
      const file = fileOf('cluster: {instance: from-file}');
      expect(load({ env: { RTAP_CONFIG: file } }).config.cluster.instance).to.equal('from-file');
    });
  });

  describe('files', () => {
    it('are YAML or JSON, with empty sections and tabs', () => {
      const json = fileOf(
        '{\n\t"output": {\n\t\t"websocket_port": 0\n\t},\n\t"stt": {}\n}',
        'a.json',
      );
      expect(load({ file: json }).config.output.websocket_port).to.equal(0);
      const yaml = fileOf('# nothing is set below\naudio:\noutput:\n  # websocket_port: 1\n');
      expect(load({ file: yaml }).hash).to.equal(load().hash);
      expect(load({ file: fileOf('') }).hash).to.equal(load().hash);
    });

    it('that cannot be read are one problem that says why', () => {
      mkdirSync(join(folder, 'sub'), { recursive: true });
      const cases: [string, string][] = [
        [join(folder, 'missing.yaml'), 'does not exist'],
        [join(folder, 'sub'), 'is a folder, not a file'],
        ['/dev/zero', 'is not a regular file'],
        [`${fileOf('')}/below`, 'does not exist: a part of its path is no folder'],
        [fileOf(`# ${'x'.repeat(70_000)}`, 'large.yaml'), 'is larger than 65536 bytes'],
        ['a\0b', 'cannot be read'],
        [join(folder, 'x'.repeat(300)), 'cannot be read: its name is too long'],
      ];
      const binary = join(folder, 'binary.yaml');
      writeFileSync(binary, Buffer.from([0xff, 0xfe, 0x00]));
      cases.push([binary, 'is not UTF-8 text']);
      for (const [file, why] of cases) {
        expect(messageOf({ file })).to.include(`(file: ${file}): ${why}`);
      }
    });

    it('that may not be read are told as such', function () {
      const file = fileOf('audio:\n', 'private.yaml');
      chmodSync(file, 0);
      const isRoot = process.getuid?.() === 0;
      const problems = problemsIn({ file }).map(({ message }) => message);
      expect(problems).to.deep.equal(isRoot ? [] : ['cannot be read: permission denied']);
    });

    it('that are no YAML name the line and the column', () => {
      const cases: [string, string][] = [
        ['output:\n  host: [a\n', 'at line 3, column 1'],
        ['audio:\n  source: tone\naudio:\n  source: tone\n', 'at line 3, column 1'],
        ['audio: {source: !!binary "aGk="}\n', 'at line 1, column 17'],
        ['a: *nothing\n', 'at line 1, column 4: there is no anchor nothing'],
        ['- audio\n', 'must hold sections of keys, at line 1, column 1'],
        ['just words\n', 'must hold sections of keys, at line 1, column 1'],
      ];
      for (const [text, place] of cases)
        expect(messageOf({ file: fileOf(text) })).to.include(place);
    });

    it('name the line of each key that is wrong', () => {
      const file = fileOf(
        'output:\n  host: 127.0.0.1\n  websocket_prt: 1\n\naudio:\n  frame_ms: 10\n  device: {name: USB}\nstt: cpu\noutput.host: x\n',
      );
      const places = problemsIn({ file }).map(({ path, where }) => [path, where]);
      expect(places).to.have.deep.members([
        ['output.websocket_prt', `${file}:3`],
        ['audio.frame_ms', `${file}:6`],
        ['audio.device', `${file}:7`],
        ['stt', `${file}:8`],
        ['output.host', `${file}:9`],
      ]);
    });

    it('cannot reach into prototypes', () => {
      const file = fileOf(
        '{"__proto__": {"a": 1}, "constructor": {"prototype": {"b": 1}}, "audio": {"__proto__": {"device": "x"}}}',
      );
      expect(problemsIn({ file }).map(({ path }) => path)).to.have.members([
        '__proto__',
        'constructor',
        'audio.__proto__',
      ]);
      expect({}).not.to.have.any.keys('a', 'b', 'device');
    });
  });

  describe('problems', () => {
    it('are listed all at once, with path, value, layer and place', () => {
      const file = fileOf('audio: {sample_rate: 8000}\npipeline: {activation: "maybe"}\n');
      const problems = problemsIn({
        environment: 'main_pc',
        file,
        env: { RTAP_ADMIN_PORT: '99999', RTAP_NONSENSE: '1' },
        set: ['output.websocket_prt=1', 'preprocess.hangover_ms=soon', 'pipeline', '=1', 'stt=1'],
        argvSource: 'tone',
      });
      const brief = problems.map(({ path, value, layer, where }) => [path, value, layer, where]);
      expect(brief).to.have.deep.members([
        ['audio.sample_rate', 8000, 'file', `${file}:1`],
        ['pipeline.activation', 'maybe', 'file', `${file}:2`],
        ['admin.port', 99999, 'environment', 'RTAP_ADMIN_PORT'],
        ['', undefined, 'environment', 'RTAP_NONSENSE'],
        ['output.websocket_prt', undefined, 'command line', '--set'],
        ['preprocess.hangover_ms', 'soon', 'command line', '--set'],
        ['pipeline', undefined, 'command line', '--set'],
        ['=1', undefined, 'command line', '--set'],
        ['stt', undefined, 'command line', '--set'],
        ['audio.source', 'tone', 'command line', '--source'],
      ]);
    });

    it('are one error whose message has a line for each', () => {
      const given = { set: ['audio.frame_ms=10', 'stt.beam_size=3'] };
      expect(() => load(given))
        .to.throw(RtapError)
        .that.satisfies((error: RtapError) => {
          expect(error.code).to.equal('CONFIG_INVALID');
          expect(error.message.split('\n')).to.deep.equal([
            'The configuration has 2 problems:',
            '  audio.frame_ms = 10 (command line: --set): must be 20: the stages exchange frames of 20 ms',
            '  stt.beam_size = 3 (command line: --set): must be 1: the recogniser decodes greedily',
          ]);
          return true;
        });
    });

    it('tell wrong types and values out of range from right ones', () => {
      const file = (value: string) => fileOf(`output: {websocket_port: ${value}}`);
      for (const wrong of ['"5802"', '1.5', '-1', '65536', 'null', 'true', '[1]', '.inf', '.nan']) {
        expect(messageOf({ file: file(wrong) })).to.include(
          'must be a whole number from 0 to 65535',
        );
      }
      for (const right of ['0', '65535', '5802.0']) {
        expect(problemsIn({ file: file(right) })).to.deep.equal([]);
      }
      for (const wrong of ['', ' 1', '0x10', '1e3', '12abc', '99999999999999999999']) {
        expect(messageOf({ set: [`output.websocket_port=${wrong}`] })).to.include('whole number');
      }
      for (const wrong of ['yes', '1', 'TRUE', '']) {
        expect(messageOf({ set: [`language.detect=${wrong}`] })).to.include('true or false');
      }
      for (const wrong of ['', 'alexa,alexa', '!', 'a,,b']) {
        expect(messageOf({ set: [`wakeword.phrases=${wrong}`] })).to.include('different phrases');
      }
      for (const wrong of ['mic', 'device:', 'file:', 'Silence', 'stdin:x']) {
        expect(messageOf({ argvSource: wrong })).to.include('must be one of auto');
      }
      for (const wrong of ['a b', '', 'tcp://x']) {
        expect(messageOf({ set: [`output.host=${wrong}`] })).to.include('must be a host name');
      }
      for (const wrong of ['localhost', '*', 'http://a/', 'ftp://a', 'null']) {
        expect(messageOf({ set: [`output.allowed_origins=${wrong}`] })).to.include('origins');
      }
    });

    it('are never longer than a screen, whatever the value', () => {
      const message = messageOf({ set: [`cluster.instance=${'y'.repeat(10_000)}`] });
      expect(message.length).to.be.below(300);
    });

    it('suggest the key that was meant', () => {
      const cases: [string, string][] = [
        ['output.websocket_prt', 'is not a key; did you mean output.websocket_port?'],
        ['websocket_port', 'is not a key; did you mean output.websocket_port?'],
        ['audio.hangover_ms', 'is not a key; did you mean preprocess.hangover_ms?'],
        ['outputs', 'is not a key; did you mean output?'],
        ['host', 'is not a key'],
        ['something.else', 'is not a key'],
      ];
      for (const [path, message] of cases) {
        expect(problemsIn({ set: [`${path}=1`] })[0]?.message, path).to.equal(message);
      }
      expect(SECTIONS.has('resilience.bulkhead')).to.equal(true);
    });

    it('are found in combinations, and blamed on the key that was set last', () => {
      const cases: [string[], string, RegExp][] = [
        [['admin.port=5802'], 'admin.port', /output.websocket_port and admin.port are both 5802/],
        [
          ['output.audio=true', 'output.zmq_pub_port_audio=6552'],
          'output.zmq_pub_port_audio',
          /output.zmq_pub_port_events and output.zmq_pub_port_audio are both 6552/,
        ],
        [['pipeline.wake_timeout_ms=16000'], 'pipeline.wake_timeout_ms', /must not be longer/],
        [['pipeline.listening_window_ms=1000'], 'pipeline.listening_window_ms', /wake_timeout_ms/],
        [['preprocess.pause_ms=400'], 'preprocess.pause_ms', /hangover_ms \(384\)/],
        [['audio.gain_max=0.05'], 'audio.gain_max', /gain_min \(0.1\)/],
        [
          ['wakeword.pre_roll_ms=2000', 'audio.ring_buffer_size_ms=1000'],
          'wakeword.pre_roll_ms',
          /ring_buffer_size_ms \(1000\)/,
        ],
        [
          ['wakeword.phrases=alexa,computer'],
          'wakeword.phrases',
          /no model for computer: choose of/,
        ],
      ];
      for (const [set, path, message] of cases) {
        const problems = problemsIn({ set });
        expect(problems.map((problem) => problem.path)).to.deep.equal([path]);
        expect(problems[0]?.message).to.match(message);
      }
    });

    it('are no combinations where they need not be', () => {
      const ports = ['output.websocket_port', 'output.zmq_pub_port_events', 'admin.port'];
      expect(problemsIn({ set: ports.map((path) => `${path}=0`) })).to.deep.equal([]);
      expect(problemsIn({ set: ['output.zmq_pub_port_audio=6552'] })).to.deep.equal([]);
      const phrase = ['wakeword.engine=phrase', 'wakeword.phrases=hello computer'];
      expect(problemsIn({ set: phrase })).to.deep.equal([]);
      expect(
        problemsIn({ set: ['preprocess.hangover_ms=1', 'preprocess.pause_ms=400'] }),
      ).to.have.length(1);
    });
  });

  describe('the keys of v1', () => {
    const accepted: [string, string][] = [
      ['audio.sample_rate', '16000'],
      ['audio.frame_ms', '20'],
      ['audio.channels', '1'],
      ['audio.device', 'USB'],
      ['audio.ring_buffer_size_ms', '4000'],
      ['wakeword.model_path', ''],
      ['wakeword.sensitivity', '0.55'],
      ['preprocess.denoise', 'false'],
      ['preprocess.denoise', 'true'],
      ['preprocess.vad_aggressiveness', '2'],
      ['stt.model_name', 'moonshine-tiny'],
      ['stt.device', 'cpu'],
      ['stt.compute_dtype', 'int8'],
      ['stt.beam_size', '1'],
      ['language.sentiment', 'true'],
      ['output.zmq_pub_port_events', '7552'],
      ['output.zmq_pub_port_transcripts', '7553'],
      ['output.websocket_port', '6802'],
      ['resilience.bulkhead.max_queue_size', '32'],
    ];
    const refused: [string, string, RegExp][] = [
      ['audio.sample_rate', '48000', /every model here hears 16 kHz/],
      ['audio.frame_ms', '30', /frames of 20 ms/],
      ['audio.channels', '2', /mono/],
      ['wakeword.model_path', '/m.onnx', /cannot be loaded/],
      ['stt.model_name', 'base.en', /one of moonshine-tiny/],
      ['stt.device', 'cuda', /only the CPU provider/],
      ['stt.compute_dtype', 'float32', /quantized to int8/],
      ['stt.beam_size', '3', /decodes greedily/],
      ['resilience.circuit_breaker.failure_threshold', '3', /^is not supported in this version$/],
      ['resilience.circuit_breaker.reset_timeout', '15', /^is not supported in this version$/],
      ['resilience.bulkhead.max_concurrent', '8', /^is not supported in this version$/],
    ];

    for (const [path, value] of accepted) {
      it(`accept ${path}=${value}`, () => {
        expect(problemsIn({ set: [`${path}=${value}`] })).to.deep.equal([]);
      });
    }

    for (const [path, value, message] of refused) {
      it(`refuse ${path}=${value} with the reason`, () => {
        const problems = problemsIn({ set: [`${path}=${value}`] });
        expect(problems.map((problem) => problem.path)).to.deep.equal([path]);
        expect(problems[0]?.message).to.match(message);
      });
    }
  });

  describe('notices', () => {
    it('tell when a port can be reached from elsewhere', () => {
      const { notices } = load({ set: ['output.host=0.0.0.0', 'admin.host=::'] });
      expect(notices).to.have.length(2);
      expect(notices[0]).to.match(/^output\.host is 0\.0\.0\.0: .*can read what is said/);
      for (const host of ['localhost', '::1', '127.0.0.2']) {
        expect(load({ set: [`output.host=${host}`] }).notices).to.deep.equal([]);
      }
    });

    it('tell that published audio is everything, and what denoising is for', () => {
      const audio = 'output.audio=true';
      const denoise = 'preprocess.denoise=true';
      expect(load({ set: [audio] }).notices.join()).to.include('all that is captured is published');
      expect(load({ set: [audio, 'output.host=0.0.0.0'] }).notices.join()).to.include('hear it');
      expect(load({ set: [denoise] }).notices.join()).to.match(/no effect without output.audio/);
      const { notices } = load({ set: [audio, denoise] });
      expect(notices.join()).to.match(/recogniser never gets denoised audio, since/);
      expect(notices).to.have.length(2);
    });

    it('tell when a key that was set has no effect', () => {
      const set = ['wakeword.engine=phrase', 'wakeword.sensitivity=0.6'];
      expect(load({ set }).notices.join()).to.include('wakeword.sensitivity has no effect');
      expect(load({ set: set.slice(0, 1) }).notices).to.deep.equal([]);
    });
  });
});
