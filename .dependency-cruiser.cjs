// The layers and their directions:
// domain <- {audio <- io, telemetry, config, machines} <- actors <- supervisors <- main.
// Packages are checked by where they resolve to, so node_modules is never excluded: it is only not followed.

/** Our own files that a layer may import. */
const layers = {
  'src/domain': [],
  'src/audio': ['src/domain'],
  'src/io': ['src/domain', 'src/audio'],
  'src/telemetry': ['src/domain'],
  'src/client': ['src/domain', 'src/io'],
  'src/bench': [
    'src/domain',
    'src/audio',
    'src/io',
    'src/telemetry',
    'src/client',
    'machines',
    'supervisors',
  ],
  config: ['src/domain'],
  machines: ['src/domain'],
  actors: ['src/domain', 'src/audio', 'src/io', 'src/telemetry', 'config', 'machines'],
  supervisors: ['src/domain', 'machines'],
};

/** The packages that a layer may import; src/io may import any. */
const packages = {
  'src/domain': [],
  'src/audio': ['@alexanderolsen/libsamplerate-js'],
  'src/telemetry': ['pino', 'prom-client'],
  'src/client': [],
  'src/bench': ['xstate'],
  'src/cli': ['commander'],
  config: ['convict', 'yaml'],
  machines: ['xstate'],
  actors: ['xstate'],
  supervisors: ['xstate'],
};

const TREE = '^supervisors/tree[.]ts$';
const OURS = '^(src|machines|actors|supervisors|config|test)/';

function only(from, allowed) {
  return {
    name: `${from.replace('/', '-')}-imports-only-lower-layers`,
    severity: 'error',
    comment: `${from} may import ${['itself', ...allowed].join(', ')}`,
    from: { path: `^${from}/`, ...(from === 'supervisors' ? { pathNot: TREE } : {}) },
    to: { path: OURS, pathNot: `^(${[from, ...allowed].join('|')})/` },
  };
}

function onlyPackages(from, allowed) {
  return {
    name: `${from.replace('/', '-')}-imports-only-its-packages`,
    severity: 'error',
    comment: `${from} may import ${allowed.length === 0 ? 'no package' : allowed.join(', ')}`,
    from: { path: `^${from}/` },
    to: {
      path: 'node_modules/',
      ...(allowed.length === 0
        ? {}
        : { pathNot: `(^|/)node_modules/(@types/)?(${allowed.join('|')})/` }),
    },
  };
}

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...Object.entries(layers).map(([from, allowed]) => only(from, allowed)),
    ...Object.entries(packages).map(([from, allowed]) => onlyPackages(from, allowed)),
    {
      name: 'tree-imports-no-higher-layer',
      severity: 'error',
      comment: 'The tree is data: it may import actors, and neither the commands nor the client',
      from: { path: TREE },
      to: { path: '^(src/(main[.]ts|cli/|client/)|test/)' },
    },
    {
      name: 'main-imports-only-the-command-line-parser',
      severity: 'error',
      from: { path: '^src/main[.]ts$' },
      to: { path: 'node_modules/', pathNot: '(^|/)node_modules/(commander|xstate)/' },
    },
    {
      name: 'nobody-imports-main',
      severity: 'error',
      comment: 'The composition root is started, never imported',
      from: {},
      to: { path: '^src/main[.]ts$' },
    },
    {
      name: 'nobody-imports-tests',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
    {
      name: 'pure-layers-import-no-node-module',
      severity: 'error',
      comment:
        'The domain, the audio mathematics and the machines run anywhere; the resampler is a CommonJS package and is required',
      from: { path: '^(src/(domain|audio)|machines)/', pathNot: '^src/audio/resampler[.]ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'processes-and-network-only-in-io',
      severity: 'error',
      from: { path: '^(src|machines|actors|supervisors|config)/', pathNot: '^src/io/' },
      to: {
        dependencyTypes: ['core'],
        path: '^(node:)?(child_process|cluster|dgram|dns|http|http2|https|net|tls|worker_threads)$',
      },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-development-package-in-the-product',
      severity: 'error',
      from: { path: '^(src|machines|actors|supervisors|config)/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        pathNot: 'node_modules/@types/',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.cjs', '.mjs', '.json', '.node'],
    },
  },
};
