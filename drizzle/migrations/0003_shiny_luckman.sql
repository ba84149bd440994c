CREATE TABLE "evaluation" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"number" integer NOT NULL,
	"suite_id" text NOT NULL,
	"suite_revision" integer NOT NULL,
	"status" text NOT NULL,
	"plan" jsonb NOT NULL,
	"dataset" text NOT NULL,
	"dataset_version" integer NOT NULL,
	"table_digest" text NOT NULL,
	"model" text,
	"model_version" integer,
	"digest" text,
	"signature" jsonb,
	"baseline_model" text,
	"baseline_version" integer,
	"baseline_digest" text,
	"baseline_signature" jsonb,
	"rows_done" bigint DEFAULT 0 NOT NULL,
	"rows_total" bigint DEFAULT 0 NOT NULL,
	"sentence" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"report" jsonb,
	"findings" jsonb,
	"is_passed" boolean,
	"started_by" text NOT NULL,
	"queued_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"lease_owner" text,
	"lease_until" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "evaluation_suite" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"name" text NOT NULL,
	"revision" integer NOT NULL,
	"plan" jsonb NOT NULL,
	"updated_by" text NOT NULL,
	"updated_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "evaluation" ADD CONSTRAINT "evaluation_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evaluation" ADD CONSTRAINT "evaluation_suite_id_evaluation_suite_id_fk" FOREIGN KEY ("suite_id") REFERENCES "public"."evaluation_suite"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evaluation_suite" ADD CONSTRAINT "evaluation_suite_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "evaluation_number" ON "evaluation" USING btree ("workspace_id","number");--> statement-breakpoint
CREATE INDEX "evaluation_of_suite" ON "evaluation" USING btree ("suite_id","number");--> statement-breakpoint
CREATE INDEX "evaluation_of_model" ON "evaluation" USING btree ("workspace_id","model","model_version");--> statement-breakpoint
CREATE INDEX "evaluation_waits" ON "evaluation" USING btree ("status","lease_until");--> statement-breakpoint
CREATE UNIQUE INDEX "evaluation_suite_name" ON "evaluation_suite" USING btree ("workspace_id","name");