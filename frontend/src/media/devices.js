/**
 * Cameras and microphones: opening them, saying plainly what is wrong, measuring sound.
 * @module
 */
import { t } from "../lib/i18n.js";

export class DeviceError extends Error {}

/**
 * @param {{camera?: string | undefined, microphone?: string | undefined, sound?: boolean}} wanted device ids; undefined takes the system's choice; `sound`: no camera
 * @returns {Promise<MediaStream>}
 */
export async function openDevices({ camera, microphone, sound = false }) {
  if (!navigator.mediaDevices) throw new DeviceError(t("This page must be opened by HTTPS before a browser gives camera and microphone."));
  const video = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 }, ...(camera ? { deviceId: { exact: camera } } : {}) };
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...(microphone ? { deviceId: { exact: microphone } } : {}) };
  try {
    return await navigator.mediaDevices.getUserMedia(sound ? { audio } : { video, audio });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotFoundError") return onlyOne(video, audio);
    throw new DeviceError(inWords(name));
  }
}

/** What there is, where camera or microphone is missing. @param {MediaTrackConstraints} video @param {MediaTrackConstraints} audio */
async function onlyOne(video, audio) {
  for (const wanted of [{ audio }, { video }]) {
    try {
      return await navigator.mediaDevices.getUserMedia(wanted);
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotFoundError") throw new DeviceError(inWords(error instanceof DOMException ? error.name : ""));
    }
  }
  throw new DeviceError(t("No camera and no microphone were found. Plug one in, then press “Try again”."));
}

/** @param {string} name */
function inWords(name) {
  /** @type {Record<string, string>} */
  const words = {
    NotAllowedError: t("Camera and microphone were refused. Allow them in the address bar of your browser, then press “Try again”."),
    NotReadableError: t("Another program uses the camera or microphone. Close it, then press “Try again”."),
    OverconstrainedError: t("The chosen camera or microphone is gone. Choose another."),
  };
  return words[name] ?? t("Camera and microphone could not be opened. Press “Try again”.");
}

/** @returns {Promise<MediaStreamTrack>} */
export async function openScreen() {
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 15, max: 30 } } });
  const track = stream.getVideoTracks()[0];
  if (!track) throw new DeviceError(t("No screen was chosen."));
  track.contentHint = "detail";
  return track;
}

/** @param {MediaDeviceInfo["kind"]} kind */
export async function devicesOf(kind) {
  return (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === kind && device.deviceId);
}

/**
 * Loudness of a stream from 0 to 1, about ten times a second, until the returned function is called.
 * @param {MediaStream} stream
 * @param {(level: number) => void} tell
 */
export function measureSound(stream, tell) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
    tell(Math.min(1, Math.max(0, 1 + Math.log10(Math.max(power, 1e-6)) / 2.5)));
  }, 100);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}
