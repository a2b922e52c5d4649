// Where the program is, and how it is started.
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

export const installCommand = 'cmake --install build/release --prefix ~/.local';

export interface Places {
  setting: string; // rondo.path; empty when not set
  path: string; // PATH
  home: string;
}

export type Program = { path: string } | { missing: string };

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

// The first that is there, or a sentence. Folders of PATH that are not absolute would mean a folder of the workspace
// and are left out.
export function findProgram(places: Places): Program {
  if (places.setting !== '') {
    const path = places.setting.replace(/^~(?=\/)/, places.home);
    if (isAbsolute(path) && isProgram(path)) {
      return { path };
    }
    return { missing: `'${places.setting}' of the setting rondo.path is not the absolute path of a program.` };
  }
  const folders = places.path.split(delimiter).filter(isAbsolute);
  for (const folder of [...folders, join(places.home, '.local/bin')]) {
    const path = join(folder, 'rondo');
    if (isProgram(path)) {
      return { path };
    }
  }
  return {
    missing:
      'The program `rondo` is neither on PATH nor in ~/.local/bin. Build and install it from a checkout of Rondo: ' +
      `scripts/demo && ${installCommand}`,
  };
}

export function serverArguments(standalone: boolean): string[] {
  return standalone ? ['lsp', '--standalone', '--stdio'] : ['lsp', '--stdio'];
}
