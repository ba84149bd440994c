// The drawing of home: how a cell travels. Decorative lines, one finding in words for those who cannot see it.

export const LineOfWork = () => (
  <svg
    width="100%"
    viewBox="0 0 1176 232"
    role="img"
    aria-label="A cell becomes a stage, a run, a version, an endpoint, then monitoring, and drift starts retraining"
  >
    <path d="M20 104H1156" stroke="var(--accent)" strokeWidth="1.750" />
    <path d="M1106 56V22a8 8 0 0 0-8-8H286a8 8 0 0 0-8 8V60" stroke="var(--accent)" strokeWidth="1.5" fill="none" strokeDasharray="5 4" />
    <path d="M273.5 53l4.5 7 4.5-7" stroke="var(--accent)" strokeWidth="1.5" fill="none" />
    <rect x="584" y="2" width="216" height="24" fill="var(--paper)" />
    <text x="692" y="18" textAnchor="middle" style={{ fill: "var(--accent)", fontSize: "13px", fontWeight: "600" }}>
      retraining, when the world drifts
    </text>
    <g stroke="var(--ink)" strokeWidth="1.5" fill="none" strokeLinecap="round" strokeLinejoin="round">
      <rect x="26" y="68" width="88" height="72" rx="4" fill="var(--bench)" stroke="none" />
      <path d="M20 68v72" stroke="var(--accent)" strokeWidth="3" />
      <path d="M38 84h26M70 84h18M38 98h14M58 98h38M48 112h30M38 126h10" />
    </g>
    <g stroke="var(--ink)" strokeWidth="1.5" fill="none" strokeLinecap="round" strokeLinejoin="round">
      <rect x="232" y="73" width="36" height="22" rx="3" fill="var(--paper)" />
      <rect x="232" y="113" width="36" height="22" rx="3" fill="var(--paper)" />
      <rect x="286" y="93" width="36" height="22" rx="3" fill="var(--paper)" />
      <path d="M268 84h9v20M268 124h9v-20" />
    </g>
    <g stroke="var(--ink)" strokeWidth="1.5" fill="none" strokeLinecap="round" strokeLinejoin="round">
      <rect x="440" y="68" width="92" height="72" fill="var(--paper)" stroke="none" />
      <path d="M446 70v66h80" />
      <path d="M452 128c14-40 34-46 70-48" stroke="var(--series-1)" strokeWidth="2" />
      <path d="M452 130c20-26 34-32 70-34" stroke="var(--ink-3)" />
    </g>
    <g stroke="var(--ink)" strokeWidth="1.5" fill="none" strokeLinecap="round" strokeLinejoin="round">
      <path d="M694 66l33 19v38l-33 19-33-19v-38z" fill="var(--paper)" />
      <path d="M661 85l33 19 33-19M694 104v38" />
      <path d="M704 126v-13h10l-3 4 3 4h-10" fill="var(--champion-fill)" stroke="var(--champion-fill)" />
    </g>
    <g stroke="none">
      <rect x="854" y="76" width="96" height="52" fill="var(--paper)" />
      <rect x="858" y="85" width="72" height="20" fill="var(--champion-fill)" />
      <rect x="933" y="85" width="13" height="20" fill="var(--canary-fill)" />
    </g>
    <path
      d="M858 118l6-7M864 118l6-7M870 118l6-7M876 118l6-7M882 118l6-7M888 118l6-7M894 118l6-7M900 118l6-7M906 118l6-7M912 118l6-7M918 118l6-7M924 118l6-7M930 118l6-7M936 118l6-7M942 118l6-7"
      stroke="var(--shadow-fill)"
      strokeWidth="1.5"
    />
    <g stroke="var(--ink)" strokeWidth="1.5" fill="none" strokeLinecap="round" strokeLinejoin="round">
      <rect x="1056" y="68" width="100" height="72" fill="var(--paper)" stroke="none" />
      <path d="M1062 130h88" />
      <path d="M1062 96h88" stroke="var(--ink-3)" strokeDasharray="2 3" />
      <path d="M1062 118l10-5 9 6 10-5 11 4 10-9 10-13 10-12 10-4" stroke="var(--drifted-fill)" strokeWidth="2" />
    </g>
    <text x="70" y="178" textAnchor="middle" style={{ fill: "var(--ink)", fontSize: "13px", fontWeight: "600" }}>
      Cell
    </text>
    <text x="70" y="195" textAnchor="middle" style={{ fontSize: "12px" }}>
      you write it together
    </text>
    <text x="278" y="178" textAnchor="middle" style={{ fill: "var(--ink)", fontSize: "13px", fontWeight: "600" }}>
      Stage
    </text>
    <text x="278" y="195" textAnchor="middle" style={{ fontSize: "12px" }}>
      on a schedule
    </text>
    <text x="486" y="178" textAnchor="middle" style={{ fill: "var(--ink)", fontSize: "13px", fontWeight: "600" }}>
      Run
    </text>
    <text x="486" y="195" textAnchor="middle" style={{ fontSize: "12px" }}>
      every number kept
    </text>
    <text x="694" y="178" textAnchor="middle" style={{ fill: "var(--ink)", fontSize: "13px", fontWeight: "600" }}>
      Version
    </text>
    <text x="694" y="195" textAnchor="middle" style={{ fontSize: "12px" }}>
      one file, one number
    </text>
    <text x="902" y="178" textAnchor="middle" style={{ fill: "var(--ink)", fontSize: "13px", fontWeight: "600" }}>
      Endpoint
    </text>
    <text x="902" y="195" textAnchor="middle" style={{ fontSize: "12px" }}>
      answers requests
    </text>
    <text x="1106" y="178" textAnchor="middle" style={{ fill: "var(--ink)", fontSize: "13px", fontWeight: "600" }}>
      Monitoring
    </text>
    <text x="1106" y="195" textAnchor="middle" style={{ fontSize: "12px" }}>
      requests, latency, drift
    </text>
    <path d="M70 212V224H1106V212" stroke="var(--line-strong)" fill="none" />
    <rect x="406" y="214" width="364" height="20" fill="var(--paper)" />
    <text x="588" y="228" textAnchor="middle" style={{ fontSize: "12px" }}>
      one text, followed from the cell to every prediction it caused
    </text>
  </svg>
);
