CREATE TABLE "kernel_server" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"name" text NOT NULL,
	"url" text NOT NULL,
	"sealed_token" text NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "notebook_kernel" (
	"notebook_id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"server_id" text NOT NULL,
	"kernel" text NOT NULL,
	"title" text NOT NULL,
	"language" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "kernel_session" ADD COLUMN "elsewhere" jsonb;--> statement-breakpoint
ALTER TABLE "kernel_server" ADD CONSTRAINT "kernel_server_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notebook_kernel" ADD CONSTRAINT "notebook_kernel_notebook_id_notebook_id_fk" FOREIGN KEY ("notebook_id") REFERENCES "public"."notebook"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notebook_kernel" ADD CONSTRAINT "notebook_kernel_server_id_kernel_server_id_fk" FOREIGN KEY ("server_id") REFERENCES "public"."kernel_server"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "kernel_server_name" ON "kernel_server" USING btree ("workspace_id","name");