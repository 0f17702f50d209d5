// Which files are in what was dropped or chosen.
//
// Owns the walk through folders. It goes step by step while things are sent, so that a folder of 200,000 files is never
// listed whole; and it can be walked again, when sending is tried again.

/**
 * @typedef {object} Source
 * @property {string} label what it is called
 * @property {number|undefined} size all bytes, if they are known before the walk
 * @property {number|undefined} files all files, likewise
 * @property {() => AsyncGenerator<{path: string, file: () => Promise<File>|File}|{path: string}>} walk each file, and each
 *   folder without anything (a path that ends in a slash, and no file)
 */

/**
 * What a file picker gave, a folder picker too.
 * @param {File[]} files
 * @returns {Source|null}
 */
export function ofFiles(files) {
  if (files.length === 0) return null;
  const pathOf = (file) => file.webkitRelativePath || file.name;
  const tops = new Set(files.map((file) => pathOf(file).split("/")[0]));
  return {
    label: label(
      [...tops],
      files.some((file) => file.webkitRelativePath),
    ),
    size: files.reduce((sum, file) => sum + file.size, 0),
    files: files.length,
    async *walk() {
      for (const file of files) yield { path: pathOf(file), file: () => file };
    },
  };
}

/**
 * What was dropped. It must be asked for while the drop is handled: browsers forget it afterwards.
 * @param {DataTransfer} data
 * @returns {Source|null}
 */
export function ofDrop(data) {
  const entries = [...data.items]
    .filter(({ kind }) => kind === "file")
    .map((item) => item.webkitGetAsEntry?.())
    .filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return ofFiles([...data.files]);
  return {
    label: label(
      entries.map((entry) => entry.name),
      entries.length === 1,
    ),
    size: undefined,
    files: undefined,
    async *walk() {
      for (const entry of entries) yield* below(entry, entry.name);
    },
  };
}

async function* below(entry, path) {
  if (entry.isFile) {
    yield { path, file: () => new Promise((resolve, reject) => entry.file(resolve, reject)) };
    return;
  }
  const reader = entry.createReader();
  let isEmpty = true;
  // A reader gives some at a time, and nothing once it gave all.
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break;
    isEmpty = false;
    for (const inside of some) yield* below(inside, `${path}/${inside.name}`);
  }
  if (isEmpty) yield { path: `${path}/` };
}

function label(names, isFolder) {
  if (names.length === 1) return isFolder ? `${names[0]}/` : names[0];
  return `${names[0]} and ${names.length - 1} more`;
}
