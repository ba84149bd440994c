CREATE TABLE "tuning_study" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"name" text NOT NULL,
	"plan" jsonb NOT NULL,
	"pruner" jsonb NOT NULL,
	"status" text NOT NULL,
	"source" jsonb,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"changed_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tuning_trial" (
	"study_id" text NOT NULL,
	"number" integer NOT NULL,
	"state" text NOT NULL,
	"params" jsonb NOT NULL,
	"values" jsonb NOT NULL,
	"reports" jsonb NOT NULL,
	"rungs" jsonb NOT NULL,
	"message" text,
	"run_number" integer,
	"retry_of" integer,
	"owner" text NOT NULL,
	"lease_until" timestamp with time zone,
	"started_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "tuning_trial_study_id_number_pk" PRIMARY KEY("study_id","number")
);
--> statement-breakpoint
ALTER TABLE "tuning_study" ADD CONSTRAINT "tuning_study_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tuning_trial" ADD CONSTRAINT "tuning_trial_study_id_tuning_study_id_fk" FOREIGN KEY ("study_id") REFERENCES "public"."tuning_study"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "tuning_study_name" ON "tuning_study" USING btree ("workspace_id","name");--> statement-breakpoint
CREATE INDEX "tuning_trial_lease" ON "tuning_trial" USING btree ("state","lease_until");