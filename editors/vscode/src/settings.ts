// The section `rondo` of the settings, as this extension uses it. In a workspace that is not trusted VS Code leaves out
// what the workspace says of the settings that package.json lists in restrictedConfigurations.
import { ConfigurationTarget, workspace } from 'vscode';
import { serverKeys } from './serverKeys';

const section = () => workspace.getConfiguration('rondo');

export function launchSettings(): { path: string; standalone: boolean } {
  return { path: section().get('path', ''), standalone: section().get('standalone', false) };
}

// Where it is set already, else for the user. What is set here counts more than the files that configure Rondo.
export async function setAutomatic(automatic: boolean): Promise<void> {
  const set = section().inspect<boolean>('automatic');
  const target =
    set?.workspaceFolderValue !== undefined
      ? ConfigurationTarget.WorkspaceFolder
      : set?.workspaceValue !== undefined
        ? ConfigurationTarget.Workspace
        : ConfigurationTarget.Global;
  await section().update('automatic', automatic, target);
}

// Whether suggestions are counted, on this machine.
export function isCounting(): boolean {
  return section().get('count', false);
}

// What the user has set of what the server understands. Defaults are left out: they would count more than the files that
// configure Rondo for all editors.
export function serverSettings(): Record<string, unknown> {
  const set = serverKeys.map((key) => {
    const value = section().inspect(key);
    return [key, value?.workspaceFolderValue ?? value?.workspaceValue ?? value?.globalValue];
  });
  return Object.fromEntries(set.filter(([, value]) => value !== undefined));
}
