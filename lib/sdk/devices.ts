// `devices` in a cell: what there is to compute on, what this session holds of it, and the best of that for a graph.
//
// A graphics card is held by one session at a time: the notebook asks for one, waits in turn, and only then its session sees the card at all.
// CUDA and real cards: written after documentation, not verified on hardware. WebGPU is verified on software adapters.
import type { ListedDevice } from "#lib/devices/contract.ts";
import { listDevices } from "#lib/devices/contract.ts";
import { type Answer, probeApart } from "#lib/learn/graph/apart.ts";
import type { Device } from "#lib/learn/graph/graph.ts";
import { callFromCell, session } from "#lib/sdk/door.ts";
import { openTfjs, type Tfjs } from "#lib/sdk/tfjs.ts";

/**
 * Every device of every machine, with who holds it.
 *
 * @example
 * for (const one of await devices.list()) console.log(one.machine, one.name, one.providers, one.state);
 */
export const list = async (): Promise<ListedDevice[]> => (await callFromCell(listDevices, {})).items;

/**
 * The graphics card this session holds, or null: ask for one in the notebook's session settings.
 *
 * @example
 * if (!devices.mine()) console.log("on the processor");
 */
export const mine = (): { id: string; name: string; providers: Device[] } | null => session()?.card ?? null;

const asked = new Map<Device, Promise<Answer>>();
const answerOf = (device: Device): Promise<Answer> => {
  const known = asked.get(device) ?? probeApart(device, true);
  asked.set(device, known);
  return known;
};

/**
 * Tries a device in a process of its own: how fast it multiplies, or in words what is missing. Never throws, whatever the driver does.
 *
 * @example
 * const cuda = await devices.probe("cuda");
 * if (!cuda.answers) console.log(cuda.message);
 */
export const probe = (device: Device): Promise<Answer> => answerOf(device);

/**
 * The device to train on here: the fastest at a product of matrices among the processor and what this session holds. Measured once a session.
 *
 * @example
 * await learn.fit({ loss, data, epochs: 5, rate: 1e-3, device: await devices.best() });
 */
export const best = async (): Promise<Device> => {
  const held = (mine()?.providers ?? []).filter((one) => one !== "cpu");
  if (held.length === 0) return "cpu";
  const timed = await Promise.all((["cpu", ...held] as Device[]).map(async (device) => ({ device, answer: await answerOf(device) })));
  const answering = timed.flatMap(({ device, answer }) =>
    answer.answers ? [{ device, ms: answer.productMs ?? Number.POSITIVE_INFINITY }] : [],
  );
  return answering.sort((a, b) => a.ms - b.ms)[0]?.device ?? "cpu";
};

/**
 * TensorFlow.js in the fastest build that loads here: tfjs-node-gpu, tfjs-node, tfjs with WebAssembly, plain tfjs. Says which, and why not
 * another. None is installed with the product.
 *
 * @example
 * const { tf, build, backend } = await devices.tfjs();
 * console.log(build, backend, tf.tensor([1, 2]).sum().dataSync()[0]);
 */
export const tfjs = (): Promise<Tfjs> => openTfjs();
