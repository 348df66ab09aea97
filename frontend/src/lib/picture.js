/**
 * In step with the picture: what is shown at a moment of the stream waits until the viewer's own picture has come there.
 * @module
 */

/** Longest wait: a viewer further behind sees it anyway. */
const MOST = 60_000;

/** @type {() => number | undefined} */
let clock = () => undefined;

/** @param {() => number | undefined} reads the moment the viewer's picture shows, in server milliseconds */
export function followPicture(reads) {
  clock = reads;
}

/**
 * Milliseconds until `at` is due for this viewer; 0 when it is.
 * @param {import("../state/room.js").Room | undefined} room
 * @param {number | null | undefined} at
 */
export function waitFor(room, at) {
  const shown = clock();
  if (!room?.webinar?.["in_step"] || !at || shown === undefined) return 0;
  const left = at - shown;
  return left > 0 && left < MOST ? left : 0;
}
