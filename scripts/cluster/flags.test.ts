import { describe, expect, it } from '@jest/globals';
import { parseCommand } from './flags.ts';

describe('the command line', () => {
  it('needs no flags', () => {
    expect(parseCommand(['up'])).toEqual({ verb: 'up', options: {} });
  });

  it('takes flags before and after the command', () => {
    expect(parseCommand(['--name', 'two', 'up', '--port', '7000', '--pod-cidr=10.50.0.0/16'])).toEqual({
      verb: 'up',
      options: { name: 'two', port: 7000, podCidr: '10.50.0.0/16' },
    });
  });

  it('leaves everything after -- to the command that exec runs', () => {
    expect(parseCommand(['exec', '--name', 'two', '--', 'kubectl', 'get', '--name', 'x', '-A'])).toEqual({
      verb: 'exec',
      options: { name: 'two' },
      command: ['kubectl', 'get', '--name', 'x', '-A'],
    });
  });

  it('takes one image to load', () => {
    expect(parseCommand(['load', 'app.tar'])).toEqual({ verb: 'load', options: {}, image: 'app.tar' });
  });

  it.each([[[]], [['help']], [['--help']], [['load', '-h']]])('shows help for %j', (args) => {
    expect(parseCommand(args).verb).toBe('help');
  });

  it.each([
    [['start'], '"start" is not a command: use up, down, status, env, load or exec.'],
    [['up', 'now'], '`up` takes no "now": leave it out.'],
    [['load'], '`load` takes one image: load IMAGE.'],
    [['load', 'a', 'b'], '`load` takes one image: load IMAGE.'],
    [['exec'], '`exec` needs a command: exec -- CMD ...'],
    [['up', '--port', 'x'], '--port x is not a port: give a number from 1 to 65535.'],
    [['up', '--provider', 'minikube'], '--provider minikube does not exist: use auto, packages or kind.'],
    [['up', '--nodes', '3'], "Unknown option '--nodes': `npm run cluster -- help` lists the flags."],
  ])('refuses %j in one sentence', (args, message) => {
    expect(() => parseCommand(args)).toThrow(message);
  });
});
