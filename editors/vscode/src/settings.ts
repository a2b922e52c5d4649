// The section `rondo` of the settings, as this extension uses it. In a workspace that is not trusted VS Code leaves out
// what the workspace says of the settings that package.json lists in restrictedConfigurations.
import { ConfigurationTarget, workspace } from 'vscode';

const section = () => workspace.getConfiguration('rondo');

export function launchSettings(): { path: string; standalone: boolean } {
  return { path: section().get('path', ''), standalone: section().get('standalone', false) };
}

export function isAutomatic(): boolean {
  return section().get('automatic', true);
}

// Where it is set already, else for the user.
export async function toggleAutomatic(): Promise<void> {
  const set = section().inspect<boolean>('automatic');
  const target =
    set?.workspaceFolderValue !== undefined
      ? ConfigurationTarget.WorkspaceFolder
      : set?.workspaceValue !== undefined
        ? ConfigurationTarget.Workspace
        : ConfigurationTarget.Global;
  await section().update('automatic', !isAutomatic(), target);
}

// What goes with `initialize`; the client sends changes later.
export function serverSettings(): unknown {
  return JSON.parse(JSON.stringify(section()));
}
