CREATE TABLE "dataset" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"name" text NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"trashed_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "dataset_version" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"dataset_id" text NOT NULL,
	"number" integer NOT NULL,
	"status" text NOT NULL,
	"format" text NOT NULL,
	"file_name" text NOT NULL,
	"original_digest" text NOT NULL,
	"original_size" bigint NOT NULL,
	"table_digest" text,
	"table_size" bigint,
	"row_count" bigint,
	"columns" jsonb,
	"preview" jsonb,
	"report" jsonb,
	"failure" text,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"ready_at" timestamp with time zone,
	"lease_owner" text,
	"lease_until" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "experiment" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"name" text NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"run_count" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "run" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"experiment_id" text NOT NULL,
	"number" integer NOT NULL,
	"name" text NOT NULL,
	"status" text NOT NULL,
	"fault" text,
	"message" text,
	"source" jsonb,
	"pipeline_run_id" text,
	"datasets" jsonb NOT NULL,
	"params" jsonb NOT NULL,
	"tags" jsonb NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"by" text NOT NULL,
	"token_id" text,
	"trashed_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "run_artefact" (
	"run_id" text NOT NULL,
	"name" text NOT NULL,
	"digest" text NOT NULL,
	"size" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "run_artefact_run_id_name_pk" PRIMARY KEY("run_id","name")
);
--> statement-breakpoint
CREATE TABLE "run_latest" (
	"run_id" text NOT NULL,
	"key" text NOT NULL,
	"step" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"value" double precision NOT NULL,
	CONSTRAINT "run_latest_run_id_key_pk" PRIMARY KEY("run_id","key")
);
--> statement-breakpoint
CREATE TABLE "run_log" (
	"seq" bigserial PRIMARY KEY NOT NULL,
	"run_id" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"text" text NOT NULL,
	"is_error" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "run_metric" (
	"run_id" text NOT NULL,
	"key" text NOT NULL,
	"step" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"value" double precision NOT NULL,
	CONSTRAINT "run_metric_run_id_key_step_at_value_pk" PRIMARY KEY("run_id","key","step","at","value")
);
--> statement-breakpoint
CREATE TABLE "audit" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text,
	"at" timestamp with time zone NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text NOT NULL,
	"actor_name" text NOT NULL,
	"action" text NOT NULL,
	"subject" text NOT NULL,
	"detail" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"topic" text NOT NULL,
	"subject" text NOT NULL,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox_cursor" (
	"consumer" text PRIMARY KEY NOT NULL,
	"last_id" bigserial NOT NULL
);
--> statement-breakpoint
CREATE TABLE "model" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"name" text NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "model_alias" (
	"model_id" text NOT NULL,
	"alias" text NOT NULL,
	"version_id" text NOT NULL,
	"by" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "model_alias_model_id_alias_pk" PRIMARY KEY("model_id","alias")
);
--> statement-breakpoint
CREATE TABLE "model_version" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"model_id" text NOT NULL,
	"number" integer NOT NULL,
	"kind" text NOT NULL,
	"digest" text NOT NULL,
	"size" bigint NOT NULL,
	"signature" jsonb NOT NULL,
	"sample" jsonb NOT NULL,
	"profile" jsonb,
	"metrics" jsonb NOT NULL,
	"run_id" text,
	"run_number" integer,
	"source" jsonb,
	"description" text NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "drift_episode" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"endpoint_id" text NOT NULL,
	"version" integer NOT NULL,
	"feature" text NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"psi" double precision NOT NULL,
	"rows" integer NOT NULL,
	"closed_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "drift_feature" (
	"workspace_id" text NOT NULL,
	"endpoint_id" text NOT NULL,
	"version" integer NOT NULL,
	"feature" text NOT NULL,
	"status" text NOT NULL,
	"psi" double precision,
	"rows" integer NOT NULL,
	"needed" integer NOT NULL,
	"measured_at" timestamp with time zone NOT NULL,
	CONSTRAINT "drift_feature_endpoint_id_version_feature_pk" PRIMARY KEY("endpoint_id","version","feature")
);
--> statement-breakpoint
CREATE TABLE "drift_point" (
	"workspace_id" text NOT NULL,
	"endpoint_id" text NOT NULL,
	"version" integer NOT NULL,
	"feature" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"psi" double precision NOT NULL,
	"rows" integer NOT NULL,
	CONSTRAINT "drift_point_endpoint_id_version_feature_at_pk" PRIMARY KEY("endpoint_id","version","feature","at")
);
--> statement-breakpoint
CREATE TABLE "monitor" (
	"workspace_id" text NOT NULL,
	"endpoint_id" text NOT NULL,
	"version" integer NOT NULL,
	"seen_seq" bigint NOT NULL,
	"measured_seq" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "monitor_endpoint_id_version_pk" PRIMARY KEY("endpoint_id","version")
);
--> statement-breakpoint
CREATE TABLE "monitor_cursor" (
	"name" text PRIMARY KEY NOT NULL,
	"seq" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "monitor_minute" (
	"workspace_id" text NOT NULL,
	"endpoint_id" text NOT NULL,
	"version" integer NOT NULL,
	"minute" timestamp with time zone NOT NULL,
	"requests" integer NOT NULL,
	"rows" bigint NOT NULL,
	"refused" integer NOT NULL,
	"failed" integer NOT NULL,
	"latency" jsonb NOT NULL,
	CONSTRAINT "monitor_minute_endpoint_id_minute_version_pk" PRIMARY KEY("endpoint_id","minute","version")
);
--> statement-breakpoint
CREATE TABLE "notebook" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"title" text NOT NULL,
	"epoch" integer DEFAULT 1 NOT NULL,
	"revision" integer DEFAULT 0 NOT NULL,
	"cell_count" integer DEFAULT 1 NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"updated_by" text,
	"trashed_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "notebook_snapshot" (
	"notebook_id" text PRIMARY KEY NOT NULL,
	"bytes" "bytea" NOT NULL,
	"up_to_id" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "notebook_update" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"notebook_id" text NOT NULL,
	"bytes" "bytea" NOT NULL,
	"by" text,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "pipeline" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"name" text NOT NULL,
	"notebook_id" text NOT NULL,
	"revision" integer NOT NULL,
	"cron" text,
	"time_zone" text,
	"next_at" timestamp with time zone,
	"is_paused" boolean DEFAULT false NOT NULL,
	"last_number" integer DEFAULT 0 NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"trashed_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "pipeline_log" (
	"workspace_id" text NOT NULL,
	"pipeline_run_id" text NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"order" integer NOT NULL,
	"attempt" integer NOT NULL,
	"cell_id" text,
	"kind" text NOT NULL,
	"text" text NOT NULL,
	CONSTRAINT "pipeline_log_pipeline_run_id_seq_pk" PRIMARY KEY("pipeline_run_id","seq")
);
--> statement-breakpoint
CREATE TABLE "pipeline_run" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"pipeline_id" text NOT NULL,
	"number" integer NOT NULL,
	"revision" integer NOT NULL,
	"trigger" text NOT NULL,
	"scheduled_for" timestamp with time zone,
	"status" text NOT NULL,
	"fault" text,
	"message" text,
	"attempt" integer DEFAULT 1 NOT NULL,
	"run_id" text,
	"started_by" text NOT NULL,
	"queued_at" timestamp with time zone NOT NULL,
	"started_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"stop_asked_by" text,
	"kernel_id" text,
	"log_seq" bigint DEFAULT 0 NOT NULL,
	"log_bytes" bigint DEFAULT 0 NOT NULL,
	"lease_owner" text,
	"lease_until" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "pipeline_stage" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"pipeline_id" text NOT NULL,
	"revision" integer NOT NULL,
	"order" integer NOT NULL,
	"name" text NOT NULL,
	"notebook_id" text NOT NULL,
	"notebook_title" text NOT NULL,
	"notebook_revision" integer NOT NULL,
	"cells" jsonb NOT NULL,
	"limit_ms" integer NOT NULL,
	"promoted_by" text NOT NULL,
	"promoted_at" timestamp with time zone NOT NULL,
	"user_id" text,
	"role" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "stage_run" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"pipeline_run_id" text NOT NULL,
	"stage_id" text NOT NULL,
	"attempt" integer NOT NULL,
	"order" integer NOT NULL,
	"status" text NOT NULL,
	"fault" text,
	"message" text,
	"started_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"kernel_id" text,
	"journal_seq" bigint DEFAULT 0 NOT NULL,
	"cell_index" integer DEFAULT 0 NOT NULL,
	"progress" jsonb
);
--> statement-breakpoint
CREATE TABLE "endpoint" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"name" text NOT NULL,
	"current_revision_id" text,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"trashed_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "endpoint_revision" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"endpoint_id" text NOT NULL,
	"number" integer NOT NULL,
	"model" text NOT NULL,
	"version_id" text NOT NULL,
	"version" integer NOT NULL,
	"digest" text NOT NULL,
	"signature" jsonb NOT NULL,
	"sample" jsonb,
	"reference" jsonb,
	"status" text NOT NULL,
	"message" text,
	"by" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"serving_at" timestamp with time zone,
	"replaced_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "prediction" (
	"seq" bigserial PRIMARY KEY NOT NULL,
	"id" text NOT NULL,
	"workspace_id" text NOT NULL,
	"endpoint_id" text NOT NULL,
	"revision_id" text,
	"version" integer,
	"at" timestamp with time zone NOT NULL,
	"latency_us" bigint NOT NULL,
	"status" integer NOT NULL,
	"rows" integer NOT NULL,
	"inputs" json,
	"outputs" json,
	"error" text,
	"caller" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "prediction_batch" (
	"id" text PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "cell_output" (
	"notebook_id" text NOT NULL,
	"cell_id" text NOT NULL,
	"index" integer NOT NULL,
	"output" jsonb NOT NULL,
	"display_id" text,
	CONSTRAINT "cell_output_notebook_id_cell_id_index_pk" PRIMARY KEY("notebook_id","cell_id","index")
);
--> statement-breakpoint
CREATE TABLE "cell_run" (
	"id" text PRIMARY KEY NOT NULL,
	"order" bigserial NOT NULL,
	"notebook_id" text NOT NULL,
	"workspace_id" text NOT NULL,
	"cell_id" text NOT NULL,
	"status" text NOT NULL,
	"source" text NOT NULL,
	"source_hash" text NOT NULL,
	"revision" integer NOT NULL,
	"execution_count" integer,
	"queued_at" timestamp with time zone NOT NULL,
	"started_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"run_by" text NOT NULL,
	"user_id" text,
	"role" text NOT NULL,
	"fault" text,
	"message" text,
	"request_id" text
);
--> statement-breakpoint
CREATE TABLE "kernel_session" (
	"notebook_id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"kernel_id" text,
	"status" text NOT NULL,
	"kernel_seq" bigint DEFAULT 0 NOT NULL,
	"seq" bigint DEFAULT 0 NOT NULL,
	"is_sandboxed" boolean DEFAULT false NOT NULL,
	"memory_limit_mb" integer DEFAULT 0 NOT NULL,
	"message" text,
	"started_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "account" (
	"id" text PRIMARY KEY NOT NULL,
	"account_id" text NOT NULL,
	"provider_id" text NOT NULL,
	"user_id" text NOT NULL,
	"access_token" text,
	"refresh_token" text,
	"id_token" text,
	"access_token_expires_at" timestamp with time zone,
	"refresh_token_expires_at" timestamp with time zone,
	"scope" text,
	"password" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "installation" (
	"id" text PRIMARY KEY NOT NULL,
	"claim_hash" text,
	"claimed_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "invitation" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"code_hash" text NOT NULL,
	"role" text NOT NULL,
	"invited_by" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"accepted_at" timestamp with time zone,
	"accepted_by" text,
	CONSTRAINT "invitation_code_hash_unique" UNIQUE("code_hash")
);
--> statement-breakpoint
CREATE TABLE "member" (
	"workspace_id" text NOT NULL,
	"user_id" text NOT NULL,
	"role" text NOT NULL,
	"since" timestamp with time zone NOT NULL,
	CONSTRAINT "member_workspace_id_user_id_pk" PRIMARY KEY("workspace_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "sign_in" (
	"id" text PRIMARY KEY NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"token" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ip_address" text,
	"user_agent" text,
	"user_id" text NOT NULL,
	CONSTRAINT "sign_in_token_unique" UNIQUE("token")
);
--> statement-breakpoint
CREATE TABLE "token" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"user_id" text,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"role" text NOT NULL,
	"secret_hash" text NOT NULL,
	"hint" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"last_used_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "user" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"email" text NOT NULL,
	"email_verified" boolean DEFAULT false NOT NULL,
	"image" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "user_email_unique" UNIQUE("email")
);
--> statement-breakpoint
CREATE TABLE "verification" (
	"id" text PRIMARY KEY NOT NULL,
	"identifier" text NOT NULL,
	"value" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "workspace" (
	"id" text PRIMARY KEY NOT NULL,
	"slug" text NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"created_by_token" text,
	CONSTRAINT "workspace_slug_unique" UNIQUE("slug")
);
--> statement-breakpoint
ALTER TABLE "dataset" ADD CONSTRAINT "dataset_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dataset_version" ADD CONSTRAINT "dataset_version_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dataset_version" ADD CONSTRAINT "dataset_version_dataset_id_dataset_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."dataset"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "experiment" ADD CONSTRAINT "experiment_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "run" ADD CONSTRAINT "run_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "run" ADD CONSTRAINT "run_experiment_id_experiment_id_fk" FOREIGN KEY ("experiment_id") REFERENCES "public"."experiment"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "run_artefact" ADD CONSTRAINT "run_artefact_run_id_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."run"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "run_latest" ADD CONSTRAINT "run_latest_run_id_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."run"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "run_log" ADD CONSTRAINT "run_log_run_id_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."run"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "run_metric" ADD CONSTRAINT "run_metric_run_id_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."run"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "model" ADD CONSTRAINT "model_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "model_alias" ADD CONSTRAINT "model_alias_model_id_model_id_fk" FOREIGN KEY ("model_id") REFERENCES "public"."model"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "model_alias" ADD CONSTRAINT "model_alias_version_id_model_version_id_fk" FOREIGN KEY ("version_id") REFERENCES "public"."model_version"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "model_version" ADD CONSTRAINT "model_version_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "model_version" ADD CONSTRAINT "model_version_model_id_model_id_fk" FOREIGN KEY ("model_id") REFERENCES "public"."model"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "drift_episode" ADD CONSTRAINT "drift_episode_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "drift_feature" ADD CONSTRAINT "drift_feature_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "drift_point" ADD CONSTRAINT "drift_point_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "monitor" ADD CONSTRAINT "monitor_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "monitor_minute" ADD CONSTRAINT "monitor_minute_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notebook" ADD CONSTRAINT "notebook_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notebook_snapshot" ADD CONSTRAINT "notebook_snapshot_notebook_id_notebook_id_fk" FOREIGN KEY ("notebook_id") REFERENCES "public"."notebook"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notebook_update" ADD CONSTRAINT "notebook_update_notebook_id_notebook_id_fk" FOREIGN KEY ("notebook_id") REFERENCES "public"."notebook"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pipeline" ADD CONSTRAINT "pipeline_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pipeline_log" ADD CONSTRAINT "pipeline_log_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pipeline_log" ADD CONSTRAINT "pipeline_log_pipeline_run_id_pipeline_run_id_fk" FOREIGN KEY ("pipeline_run_id") REFERENCES "public"."pipeline_run"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pipeline_run" ADD CONSTRAINT "pipeline_run_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pipeline_run" ADD CONSTRAINT "pipeline_run_pipeline_id_pipeline_id_fk" FOREIGN KEY ("pipeline_id") REFERENCES "public"."pipeline"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pipeline_stage" ADD CONSTRAINT "pipeline_stage_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pipeline_stage" ADD CONSTRAINT "pipeline_stage_pipeline_id_pipeline_id_fk" FOREIGN KEY ("pipeline_id") REFERENCES "public"."pipeline"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stage_run" ADD CONSTRAINT "stage_run_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stage_run" ADD CONSTRAINT "stage_run_pipeline_run_id_pipeline_run_id_fk" FOREIGN KEY ("pipeline_run_id") REFERENCES "public"."pipeline_run"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "endpoint" ADD CONSTRAINT "endpoint_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "endpoint_revision" ADD CONSTRAINT "endpoint_revision_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "endpoint_revision" ADD CONSTRAINT "endpoint_revision_endpoint_id_endpoint_id_fk" FOREIGN KEY ("endpoint_id") REFERENCES "public"."endpoint"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cell_output" ADD CONSTRAINT "cell_output_notebook_id_notebook_id_fk" FOREIGN KEY ("notebook_id") REFERENCES "public"."notebook"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cell_run" ADD CONSTRAINT "cell_run_notebook_id_notebook_id_fk" FOREIGN KEY ("notebook_id") REFERENCES "public"."notebook"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "kernel_session" ADD CONSTRAINT "kernel_session_notebook_id_notebook_id_fk" FOREIGN KEY ("notebook_id") REFERENCES "public"."notebook"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "account" ADD CONSTRAINT "account_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invitation" ADD CONSTRAINT "invitation_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "member" ADD CONSTRAINT "member_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "member" ADD CONSTRAINT "member_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sign_in" ADD CONSTRAINT "sign_in_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "token" ADD CONSTRAINT "token_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "token" ADD CONSTRAINT "token_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "dataset_name" ON "dataset" USING btree ("workspace_id","name");--> statement-breakpoint
CREATE UNIQUE INDEX "dataset_version_number" ON "dataset_version" USING btree ("dataset_id","number");--> statement-breakpoint
CREATE INDEX "dataset_version_status" ON "dataset_version" USING btree ("status");--> statement-breakpoint
CREATE UNIQUE INDEX "experiment_name" ON "experiment" USING btree ("workspace_id","name");--> statement-breakpoint
CREATE UNIQUE INDEX "run_number" ON "run" USING btree ("workspace_id","number");--> statement-breakpoint
CREATE INDEX "run_experiment" ON "run" USING btree ("experiment_id","started_at");--> statement-breakpoint
CREATE INDEX "run_pipeline_run" ON "run" USING btree ("pipeline_run_id");--> statement-breakpoint
CREATE INDEX "run_token" ON "run" USING btree ("token_id","status");--> statement-breakpoint
CREATE INDEX "run_latest_value" ON "run_latest" USING btree ("key","value");--> statement-breakpoint
CREATE INDEX "run_log_run" ON "run_log" USING btree ("run_id","seq");--> statement-breakpoint
CREATE INDEX "audit_workspace_at" ON "audit" USING btree ("workspace_id","at");--> statement-breakpoint
CREATE INDEX "outbox_workspace_id" ON "outbox" USING btree ("workspace_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "model_name" ON "model" USING btree ("workspace_id","name");--> statement-breakpoint
CREATE UNIQUE INDEX "model_version_number" ON "model_version" USING btree ("model_id","number");--> statement-breakpoint
CREATE INDEX "drift_episode_endpoint" ON "drift_episode" USING btree ("endpoint_id","opened_at");--> statement-breakpoint
CREATE INDEX "monitor_minute_workspace" ON "monitor_minute" USING btree ("workspace_id","minute");--> statement-breakpoint
CREATE INDEX "notebook_workspace" ON "notebook" USING btree ("workspace_id","updated_at");--> statement-breakpoint
CREATE INDEX "notebook_update_order" ON "notebook_update" USING btree ("notebook_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "pipeline_name" ON "pipeline" USING btree ("workspace_id","name");--> statement-breakpoint
CREATE INDEX "pipeline_due" ON "pipeline" USING btree ("next_at");--> statement-breakpoint
CREATE UNIQUE INDEX "pipeline_run_number" ON "pipeline_run" USING btree ("pipeline_id","number");--> statement-breakpoint
CREATE UNIQUE INDEX "pipeline_run_scheduled" ON "pipeline_run" USING btree ("pipeline_id","scheduled_for");--> statement-breakpoint
CREATE UNIQUE INDEX "pipeline_run_one" ON "pipeline_run" USING btree ("pipeline_id") WHERE status = 'running';--> statement-breakpoint
CREATE INDEX "pipeline_run_status" ON "pipeline_run" USING btree ("status","queued_at");--> statement-breakpoint
CREATE UNIQUE INDEX "pipeline_stage_order" ON "pipeline_stage" USING btree ("pipeline_id","revision","order");--> statement-breakpoint
CREATE UNIQUE INDEX "pipeline_stage_name" ON "pipeline_stage" USING btree ("pipeline_id","revision","name");--> statement-breakpoint
CREATE UNIQUE INDEX "stage_run_place" ON "stage_run" USING btree ("pipeline_run_id","attempt","order");--> statement-breakpoint
CREATE UNIQUE INDEX "endpoint_name" ON "endpoint" USING btree ("workspace_id","name");--> statement-breakpoint
CREATE UNIQUE INDEX "endpoint_revision_number" ON "endpoint_revision" USING btree ("endpoint_id","number");--> statement-breakpoint
CREATE INDEX "endpoint_revision_version" ON "endpoint_revision" USING btree ("workspace_id","version_id");--> statement-breakpoint
CREATE INDEX "prediction_endpoint" ON "prediction" USING btree ("endpoint_id","seq");--> statement-breakpoint
CREATE INDEX "prediction_at" ON "prediction" USING btree ("at");--> statement-breakpoint
CREATE INDEX "cell_run_cell" ON "cell_run" USING btree ("notebook_id","cell_id","order");--> statement-breakpoint
CREATE INDEX "cell_run_status" ON "cell_run" USING btree ("notebook_id","status");--> statement-breakpoint
CREATE UNIQUE INDEX "cell_run_request" ON "cell_run" USING btree ("notebook_id","request_id","cell_id");--> statement-breakpoint
CREATE INDEX "member_user" ON "member" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "token_secret" ON "token" USING btree ("secret_hash");--> statement-breakpoint
CREATE INDEX "token_workspace" ON "token" USING btree ("workspace_id","kind");