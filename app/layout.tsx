// The outermost page: fonts from our own packages, the theme from a cookie so that no page flashes.
import "@fontsource-variable/hanken-grotesk";
import "@fontsource-variable/source-serif-4/opsz.css";
import "@fontsource-variable/source-serif-4/opsz-italic.css";
import "@fontsource-variable/spline-sans-mono";
import "#app/globals.css";
import type { Metadata } from "next";
import { cookies } from "next/headers";
import type { ReactNode } from "react";
import { Toasts } from "#components/ui/toast.tsx";

export const metadata: Metadata = {
  title: { default: "Atelier", template: "%s · Atelier" },
  description: "Notebooks whose cells become stages, runs, versions and watched endpoints.",
};

export default async function Layout({ children }: { children: ReactNode }) {
  const theme = (await cookies()).get("atelier-theme")?.value;
  return (
    <html lang="en" {...(theme === "light" || theme === "dark" ? { "data-theme": theme } : {})} suppressHydrationWarning>
      <body>
        <Toasts>{children}</Toasts>
      </body>
    </html>
  );
}
