// What a kernelspec names: starts the kernel from the plain tree when it is there, else from the sources. JavaScript for the same reason.
import { pathToFileURL } from "node:url";
import { entryOf } from "../../plain.js";

await import(pathToFileURL(entryOf("kernel/jupyter/zmq/main")).href);
