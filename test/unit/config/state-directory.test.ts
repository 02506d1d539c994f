import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { loadConfig } from '../../../config/load.ts';
import { stateDirectory } from '../../../config/state-directory.ts';

describe('the state directory', () => {
  const { config } = loadConfig({ set: [], env: {} });

  it('is the configured one, as an absolute path', () => {
    const set = ['cluster.state_directory=here'];
    const configured = loadConfig({ set, env: {} }).config;
    expect(stateDirectory(configured, { XDG_STATE_HOME: '/x' })).to.equal(resolve('here'));
  });

  it("is the user's otherwise", () => {
    expect(stateDirectory(config, { XDG_STATE_HOME: '/x' })).to.equal('/x/rtap');
    const home = join(homedir(), '.local', 'state', 'rtap');
    expect(stateDirectory(config, {})).to.equal(home);
    expect(stateDirectory(config, { XDG_STATE_HOME: 'relative' })).to.equal(home);
  });
});
