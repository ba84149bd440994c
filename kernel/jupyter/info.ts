// What the kernel says about itself: the answer to kernel_info_request and the kernelspec a server lists.

export const protocolVersion = "5.5";
export const displayName = "TypeScript (Atelier)";

/** Content of kernel_info_reply. */
export const kernelInfo = {
  status: "ok",
  protocol_version: protocolVersion,
  implementation: "atelier",
  implementation_version: "0.1.0",
  language_info: {
    name: "typescript",
    version: "6.0.3",
    mimetype: "text/x-typescript",
    file_extension: ".ts",
    pygments_lexer: "typescript",
    codemirror_mode: "typescript",
    nbconvert_exporter: "script",
  },
  banner: "Atelier TypeScript kernel: one scope for all cells, any redefinition, Stop keeps variables.",
  help_links: [{ text: "TypeScript", url: "https://www.typescriptlang.org/docs/" }],
  supported_features: [],
};

/** The kernelspec as Jupyter's REST lists it. */
export const kernelSpec = {
  name: "typescript",
  spec: {
    argv: ["atelier", "kernel", "{connection_file}"],
    env: {},
    display_name: displayName,
    language: "typescript",
    interrupt_mode: "message",
    metadata: { debugger: false },
  },
  resources: { "logo-svg": "/kernelspecs/typescript/logo-svg.svg" },
};
