//! The list.

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// How a figure moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only rises; begins at 0 with the process.
    Counter,
    /// Rises and falls.
    Gauge,
    /// How often in which range.
    Histogram,
}

impl Kind {
    /// As Prometheus says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One figure.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// Its name.
    pub name: &'static str,
    /// How it moves.
    pub kind: Kind,
    /// What is counted.
    pub unit: &'static str,
    /// Its labels, with their values where those are a closed list.
    pub labels: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What it means, in Chinese.
    pub chinese: &'static str,
    /// The alarm in `deploy/prometheus/huiliu.rules.yml` that looks at it; none where it only explains others.
    pub alarm: Option<&'static str>,
}

impl Figure {
    pub(super) fn describe(&self) {
        match self.kind {
            Kind::Counter => describe_counter!(self.name, self.meaning),
            Kind::Gauge => describe_gauge!(self.name, self.meaning),
            Kind::Histogram => describe_histogram!(self.name, self.meaning),
        }
    }
}

macro_rules! figures {
    ($($kind:ident $name:literal [$unit:literal; $labels:literal] $chinese:literal, $meaning:literal $(, alarm $alarm:literal)?;)*) => {
        /// Every figure there is.
        pub const ALL: &[Figure] = &[$(Figure {
            name: $name,
            kind: Kind::$kind,
            unit: $unit,
            labels: $labels,
            meaning: $meaning,
            chinese: $chinese,
            alarm: figures!(@alarm $($alarm)?),
        }),*];
    };
    (@alarm) => { None };
    (@alarm $alarm:literal) => { Some($alarm) };
}

figures! {
    // Cases, as the read model has them.
    Gauge "huiliu_cases" ["cases"; "`stage`"] "各阶段件数", "Cases in a stage";
    Gauge "huiliu_cases_by_channel" ["cases"; "`channel`"] "各渠道件数", "Cases that first came in by a channel, ever", alarm "HuiliuSourceSilent";
    Gauge "huiliu_open_cases" ["cases"; "`department`, `triage` where nobody leads; `stage`"] "各单位各阶段未办结件数", "Cases not ended by who leads them and their stage";
    Gauge "huiliu_cases_by_appeal" ["cases"; "`appeal`, `none` where the source does not say"] "各诉求类型件数", "Cases of an appeal type, ever";
    Gauge "huiliu_cases_by_rule" ["cases"; "`rule`: file and line"] "各规则派单件数", "Cases a line of the directory dispatched at first sight, ever";
    Gauge "huiliu_routed_cases" ["cases"; "`how`: `rule`, `triage`, `by_hand`"] "自动派单、转分拨、人工派单件数", "First decisions by a rule, first decisions that went to triage, dispatches by a person", alarm "HuiliuTriageShare";
    Gauge "huiliu_returns" ["hand-backs"; "`state`: `requested`, `granted`, `refused`, `pending`"] "退单申请、准予、不予、待定", "Hand-backs of departments", alarm "HuiliuReturnRate";
    Gauge "huiliu_dispatches" ["dispatches"; "`department`"] "派单次数", "Dispatches to a department, ever";
    Gauge "huiliu_overdue_cases" ["cases"; "`department`, `triage` where nobody leads"] "超期未办结件数", "Cases not ended of which a clock has run out", alarm "HuiliuOverdue";
    Gauge "huiliu_cases_left_behind" ["cases"; "`department`"] "已撤并或不在目录的单位名下未办结件数", "Cases not ended that a department has which was dissolved, or is in the directory no more", alarm "HuiliuCasesLeftBehind";
    Gauge "huiliu_answers" ["cases"; "`state`: `told`, `waiting`, `refused`"] "答复：已送达、待送达、被拒（无回写通道的不计）", "Cases with an answer, by whether their source has it; without those that no channel can tell";
    Gauge "huiliu_cases_warned" ["cases"; "`colour`"] "预警过的件（研判更严重的，或来源自报橙、红的），历来总数", "Cases judged graver than was known, or orange or red by the source itself, ever: a total of the log, the same after a restart and on every gateway; it falls where the log goes back", alarm "HuiliuGraveCase";
    Gauge "huiliu_cases_accused_later" ["tellings"; "–"] "后续来文检举控告了新的单位，历来总数", "What was told of a case later accuses a unit that was not accused before, ever: who has the case and is accused loses it, a person looks whether the others may have it", alarm "HuiliuAccusedLater";
    Gauge "huiliu_cases_linked" ["pairs"; "–"] "发现为同一事项或共用编号的两件，历来总数", "Pairs of cases that a record showed to be one matter, or to share a number, ever: both go on until a person decides", alarm "HuiliuLinkedCases";
    Gauge "huiliu_unreadable_messages" ["messages"; "–"] "日志中无法读取的消息", "Messages of CASES that could not be understood", alarm "HuiliuUnreadable";

    // Queues.
    Gauge "huiliu_queue_entries" ["entries"; "`department`"] "待处理派单", "Live entries of a department's queue";
    Gauge "huiliu_queue_oldest_seconds" ["s"; "`department`"] "最早未处理派单的时长", "Age of the oldest live entry; 0 for a department that is dissolved, whose cases `huiliu_cases_left_behind` tells", alarm "HuiliuQueueStalled";
    Gauge "huiliu_queues_sourcing" ["0 or 1"; "–"] "派单队列是否在接收新派单", "Whether QUEUES takes over what is dispatched", alarm "HuiliuQueuesNotSourcing";
    Counter "huiliu_queue_purged_total" ["entries"; "–"] "清除的失效派单", "Dead entries purged from QUEUES";

    // Intake.
    Counter "huiliu_receipts_total" ["pushes"; "`channel`; `outcome`: `stored` or a problem's name"] "推送及其结果", "Pushes, and what they were answered", alarm "HuiliuPushesRefused";
    Counter "huiliu_receipt_records_total" ["records"; "`channel`; `outcome`: `new`, `repeat`, `supplement`, `quarantined` and the other outcomes of receipts"] "推送或提交的各条记录，按首次回执所告知的结果（预测），拉取的不计；整批读不懂的计一条 `quarantined`", "Records pushed or submitted, none that were pulled, by what their first receipt says of them: a forecast; a body that cannot be read is one `quarantined`";
    Counter "huiliu_records_total" ["records"; "`channel`; `outcome`: `appended`, `known`, `nothing_new`"] "流水线处理的记录", "What the pipeline made of records", alarm "HuiliuIntakeStuck";
    Histogram "huiliu_source_lag_seconds" ["s"; "`channel`"] "来源登记到本平台收到的时长", "From a record's registration at its source to its arrival here", alarm "HuiliuSourceLate";
    Counter "huiliu_unknown_codes_total" ["records"; "`channel`; `field`: the field of ours whose tables lack it"] "含未译代码的记录", "Records with a code that no table of their pack translates", alarm "HuiliuUnknownCodes";
    Gauge "huiliu_intake_waiting" ["envelopes"; "–"] "已入库待处理报文", "Envelopes stored and not settled", alarm "HuiliuIntakeBacklog";
    Counter "huiliu_poll_pages_total" ["pages"; "`channel`"] "拉取成功的页数", "Pages asked for and got";
    Counter "huiliu_poll_failures_total" ["attempts"; "`channel`"] "拉取失败次数", "Pulls that failed";
    Counter "huiliu_poll_missing_records_total" ["records"; "`channel`"] "来源计数在内、反复查询仍未列出的记录；可能还有却取不到的一页计一条", "Records that a source counted and did not list, however often it was asked; a page that may be there and is not given counts as one", alarm "HuiliuPollMissing";
    Gauge "huiliu_poll_up" ["0 or 1"; "`channel`"] "最近一次拉取是否成功", "Whether the last poll brought a page; 1 only on the gateway that polls the channel", alarm "HuiliuPollStopped";
    Gauge "huiliu_poll_last_success_timestamp_seconds" ["s since 1970"; "`channel`"] "最近一次拉取成功的时间", "When a channel was last asked with success", alarm "HuiliuPollStale";
    Gauge "huiliu_poll_clock_ahead_seconds" ["s"; "`channel`"] "来源系统时钟比本机快多少", "How far the clock of a polled system is ahead of ours", alarm "HuiliuClocks";
    Counter "huiliu_dead_letters_total" ["letters"; "`stage`: `open`, `channel`, `poison`, `decode`, `map`, `decide`, `write-back`; `channel`"] "新增死信", "Records and answers given up", alarm "HuiliuDeadLetters";
    Gauge "huiliu_dead_letters_waiting" ["letters"; "–"] "待处理死信", "Dead letters nobody has dealt with yet", alarm "HuiliuDeadLettersWaiting";
    Gauge "huiliu_dead_letters_oldest_seconds" ["s"; "–"] "最早一条待处理死信的时长", "Age of the oldest of them, from when it was given up; it does not begin anew when its envelope is carried on", alarm "HuiliuDeadLettersOld";

    // Ledger.
    Histogram "huiliu_ledger_commit_seconds" ["s"; "–"] "提交一批的时间", "One atomic batch in CASES", alarm "HuiliuCommitSlow";
    Histogram "huiliu_ledger_batch_messages" ["messages"; "–"] "每批消息数", "Messages in it";
    Counter "huiliu_ledger_conflicts_total" ["batches"; "–"] "写入冲突", "Somebody else wrote first; decided again";
    Counter "huiliu_commands_total" ["commands"; "`command`; `result`: `done`, `known`, `refused`"] "命令", "Commands over both doors";
    Counter "huiliu_reconciler_repairs_total" ["repairs"; "`kind`: `appended`, `purged`"] "对账修复", "What the reconciler mended", alarm "HuiliuRepairs";

    // Write-back.
    Counter "huiliu_write_back_total" ["answers"; "`channel`; `outcome`: `delivered`, `refused`, `no_way` (its pack cannot say it)"] "已了结的回写", "Answers settled";
    Gauge "huiliu_write_back_owed_cases" ["cases"; "`channel`"] "待回写件数", "Cases whose source is owed an answer";
    Gauge "huiliu_write_back_untold_cases" ["cases"; "`channel`, where none of its numbering has a `base_url`; `numbering NAME` where it has no channel any more"] "无处回写的待答复件数", "Cases whose source is owed an answer that nobody tells it: give one of its channels an address, or tell it by hand";
    Gauge "huiliu_write_back_oldest_seconds" ["s"; "`channel`"] "最早待回写的时长", "Since the oldest case that is owed one was last changed", alarm "HuiliuWriteBackStuck";
    Gauge "huiliu_write_back_waiting_cases" ["cases"; "`channel`"] "回写失败、等待重试件数", "Of those, the ones whose source did not take it and will be asked again";

    // What the hub decides by.
    Gauge "huiliu_files_refused" ["0 or 1"; "`what`: `directory` or `pack:` and its name"] "更新是否被拒（仍用上一个好版本）", "Whether files that changed were refused, so that the last good version still runs", alarm "HuiliuFilesRefused";
    Counter "huiliu_files_total" ["versions"; "`what`; `outcome`: `taken`, `refused`"] "目录与渠道包的更新", "Versions of the directory and of packs that were taken or refused while the hub ran";
    Gauge "huiliu_files_since_timestamp_seconds" ["s since 1970"; "`what`"] "在用版本的启用时间", "Since when the version in use runs";
    Gauge "huiliu_calendar_known" ["0 or 1"; "–"] "今后 45 天所及年份的节假日安排是否已录入", "Whether the holidays of this year, and of that of 45 days from now, are in the directory", alarm "HuiliuCalendarEnds";

    // The machine.
    Gauge "huiliu_read_model_position" ["sequence of CASES"; "–"] "读模型位置", "How far the page has read", alarm "HuiliuPageStuck";
    Gauge "huiliu_read_model_behind" ["messages"; "–"] "读模型落后的消息数", "How many messages of CASES it has not read yet", alarm "HuiliuPageBehind";
    Counter "huiliu_read_model_rebuilds_total" ["rebuilds"; "–"] "读模型损坏后重建次数", "How often the running hub found the read model damaged and built it again", alarm "HuiliuPageDamaged";
    Gauge "huiliu_engine_connected" ["0 or 1"; "–"] "引擎是否连通", "Whether nats-server answers", alarm "HuiliuEngineAway";
    Counter "huiliu_engine_restarts_total" ["restarts"; "–"] "内嵌引擎重启次数", "How often the embedded nats-server was started again", alarm "HuiliuEngineRestarts";
    Gauge "huiliu_stream_messages" ["messages"; "`stream`"] "各流消息数", "Messages in a stream";
    Gauge "huiliu_stream_bytes" ["bytes"; "`stream`"] "各流占用", "Bytes of a stream";
    Gauge "huiliu_stream_replicas_behind" ["copies"; "`stream`"] "各流离线或落后超过 1000 条的副本数（单机为 0）", "Copies of a stream on other servers that are away or more than 1,000 entries behind; 0 where one server keeps everything", alarm "HuiliuReplicaBehind";
    Counter "huiliu_trace_spans_total" ["steps"; "`outcome`: `sent`, `failed` (the collector did not take them), `dropped` (they waited too long for it)"] "调用链跟踪步骤：已发送、发送失败、丢弃", "Steps of traces and what became of them";
    Gauge "huiliu_disk_free_bytes" ["bytes"; "–"] "存储所在盘的剩余空间；外部引擎时为本网关 data.dir 所在盘", "Free space on the disk of the store; where nats-server is elsewhere, in data.dir of this gateway", alarm "HuiliuDiskFull";
    Gauge "huiliu_backup_proven_timestamp_seconds" ["s since 1970"; "–"] "最近一次通过试恢复的备份的开始时间（从未有过则无此项）", "When the last backup that passed its trial was begun; absent until there is one", alarm "HuiliuBackupOld";
    Gauge "huiliu_intake_refused" ["0 or 1"; "–"] "是否因空间不足等原因停收新件", "Whether new reports are refused because there is no room", alarm "HuiliuNoRoom";
    Gauge "process_resident_memory_bytes" ["bytes"; "–"] "进程内存", "Memory of the gateway";
    Counter "process_cpu_seconds_total" ["s"; "–"] "进程处理器时间", "Processor time of the gateway";
    Gauge "process_open_fds" ["files"; "–"] "打开的文件", "Open files of the gateway";
    Gauge "process_start_time_seconds" ["s since 1970"; "–"] "进程启动时间", "When the gateway was started", alarm "HuiliuRestarting";
}
