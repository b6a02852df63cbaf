//! What citizens say, with blanks; our own words throughout.
//!
//! `code` is a code of the content classification, `question` the name the hotline gives the class,
//! which is not always the classification's own.

/// A matter with blanks.
pub(super) struct Template {
    pub code: &'static str,
    pub question: &'static str,
    pub appeal: &'static str,
    pub title: &'static str,
    pub text: &'static str,
    pub demand: &'static str,
    pub accused: Option<&'static str>,
    pub joint: bool,
    pub threat: bool,
    pub urgent: bool,
}

pub(super) const ROADS: &[&str] = &["示范路", "样板大道", "例题街", "试验东路", "虚拟弄", "演示北路", "模拟巷"];
pub(super) const ESTATES: &[&str] = &["样例花园", "示范新村", "虚构小区", "演示家园", "模拟公寓", "例证名邸"];
pub(super) const COMPANIES: &[&str] = &[
    "宁波样例建筑劳务有限公司",
    "宁波示范服饰有限公司",
    "江北虚构餐饮店",
    "宁波演示机械厂",
    "模拟健身管理公司",
    "例证物业服务有限公司",
];
pub(super) const SCHOOLS: &[&str] = &["样例小学", "示范中学", "演示幼儿园", "虚构职业学校"];

const fn template(
    code: &'static str,
    question: &'static str,
    appeal: &'static str,
    title: &'static str,
    text: &'static str,
    demand: &'static str,
) -> Template {
    Template { code, question, appeal, title, text, demand, accused: None, joint: false, threat: false, urgent: false }
}

impl Template {
    const fn accusing(mut self, unit: &'static str) -> Self {
        self.accused = Some(unit);
        self
    }

    const fn joint(mut self) -> Self {
        self.joint = true;
        self
    }

    const fn threatening(mut self) -> Self {
        self.threat = true;
        self
    }

    const fn urgent(mut self) -> Self {
        self.urgent = true;
        self
    }
}

#[rustfmt::skip]
pub(super) const TEMPLATES: &[Template] = &[
    template("010302", "违章建筑", "complaint", "{estate}{building}幢顶楼搭建阳光房",
        "{township}{village}{estate}{building}幢顶楼住户{someone}在公共露台上搭建钢架阳光房，已施工{days}天，楼板有渗水。", "要求查处并拆除违章建筑。"),
    template("010202", "城管执法", "complaint", "{road}占道经营影响通行",
        "{township}{road}{no}号门口每天傍晚有多个流动摊位占道经营，非机动车道无法通行，已持续{days}天。", "希望城管加强巡查。"),
    template("010205", "公共汽车", "suggestion", "建议{road}增设公交站点",
        "{village}居民出行不便，最近的公交站步行要二十多分钟，建议在{road}{no}号附近增设站点。", "希望交通部门研究线路调整。"),
    template("010211", "物业管理", "complaint", "{estate}电梯长期故障物业不修",
        "{township}{estate}{building}幢电梯已停运{days}天，多次联系物业{company}均称没有维修资金，老人上下楼困难。", "要求物业尽快维修电梯。"),
    template("010213", "环境卫生", "help", "{road}垃圾堆积无人清运",
        "{village}{road}{no}号旁的垃圾点{days}天没有清运，夏天气味很大，希望安排清运。", "请尽快清运。"),
    template("010212", "燃气供应", "incident", "{estate}疑似燃气泄漏",
        "{estate}{building}幢楼道内有明显煤气味，物业已疏散部分住户，请马上派人检查。", "请立即到场处置。").urgent(),
    template("010604", "房屋拆迁/安置补偿", "claim", "{village}拆迁安置房迟迟未交付",
        "{village}{days}户村民签订拆迁协议后，安置房一直没有交付，过渡费也停发，大家生活困难。", "要求明确交房时间并补发过渡费。").joint(),
    template("010903", "物业服务", "dispute", "{estate}业委会与物业就停车费起争执",
        "{estate}物业{company}单方上调停车费，业委会不同意，双方多次争吵，道闸被堵{days}小时，请求调解。", "希望组织双方调解。").joint(),
    template("010907", "修缮装修", "dispute", "楼上装修漏水赔偿谈不拢",
        "{estate}{building}幢楼上{someone}家装修造成我家天花板漏水，损失约{amount}元，对方不肯赔。", "请社区调解赔偿。"),
    template("010101", "事故处理", "report", "{company}工地存在脚手架隐患",
        "{road}{no}号工地由{company}施工，脚手架无防护网，工人不系安全带，随时可能出事。", "请安全监管部门检查。").urgent(),
    template("020103", "作风建设", "accusation", "反映{township}窗口工作人员态度恶劣",
        "本人到{township}便民服务中心办事，窗口工作人员互相推诿，让我跑了{days}趟仍未办好，态度恶劣。", "要求查处并道歉。").accusing("{township}便民服务中心"),
    template("020502", "共青团工作", "suggestion", "建议开放青年夜校课程",
        "希望{township}青年之家多开一些晚间课程，我们下班后可以参加。", "希望团委考虑。"),
    template("030303", "土地占地", "claim", "{village}耕地被占用未补偿",
        "{village}我家约{days}分耕地被{company}堆放建材占用，至今没有任何补偿，也没有见过手续。", "要求恢复耕地并补偿。"),
    template("030404", "土地权属纠纷", "dispute", "{village}两户为宅基地界址争执",
        "{village}{someone}家建围墙时占了我家约半米地，双方界址说法不一，已吵过多次。", "请实地丈量并调解。"),
    template("040203", "噪音扰民", "complaint", "{road}夜间施工噪音扰民",
        "{road}{no}号工地每天夜里十一点后仍在施工，噪音很大，{estate}居民无法休息，已持续{days}天。", "要求停止夜间施工。"),
    template("040206", "油烟扰民", "complaint", "{company}油烟直排居民楼",
        "{estate}楼下的{company}油烟直接排到居民窗口，家里老人咳嗽，反映{days}天没有改善。", "要求安装净化设备。"),
    template("040209", "水污染", "report", "{village}河道有人偷排污水",
        "{village}后面河道最近{days}天夜里有白色污水排入，鱼都死了，怀疑是{company}偷排。", "请生态环境部门查处。"),
    template("050302", "以权谋私", "accusation", "反映{village}干部工程发包不公",
        "{village}道路硬化工程没有公开招标，直接给了村干部{someone}的亲戚，村民意见很大。", "要求纪检部门调查。").accusing("{committee}"),
    template("050402", "玩忽职守", "accusation", "反映{township}城管不作为",
        "反映{township}城管对{road}违建一直视而不见，举报{days}天没人管，怀疑有人打招呼。", "要求上级调查城管不作为。").accusing("{township}综合行政执法队"),
    template("050503", "贪污", "accusation", "反映{village}集体资金去向不明",
        "{village}集体出租厂房每年收入{amount}元，账目从不公开，怀疑被村干部{someone}侵占。", "要求审计村集体账目。").accusing("{committee}").joint(),
    template("060103", "网约车问题", "complaint", "网约车司机中途甩客",
        "昨晚从{road}叫网约车，司机嫌路近中途让我下车，并多收{no}元。", "要求处理司机并退费。"),
    template("060204", "设施维护", "help", "{road}路面塌陷请尽快维修",
        "{road}{no}号前路面塌陷约一平方米，没有围挡，晚上骑车很危险。", "请尽快围挡并修复。").urgent(),
    template("070501", "集资融资", "claim", "{company}理财到期不兑付",
        "本人及家人在{company}投入{amount}元理财，到期后不兑付，负责人失联，受害者有{workers}人。", "要求立案并追回本金。").joint(),
    template("070101", "安全生产管理", "report", "{company}消防通道被堵",
        "{road}{no}号{company}厂房安全出口上锁，仓库堆满原料，存在重大隐患。", "请检查并责令整改。"),
    template("080101", "通信保障", "complaint", "{estate}手机信号差",
        "{estate}{building}幢室内没有手机信号，物业不同意加装基站，已反映{days}天。", "希望运营商解决信号问题。"),
    template("090803", "医疗救助", "consultation", "咨询低保家庭医疗救助政策",
        "家人住院花费{amount}元，想咨询江北区医疗救助的申请条件和材料。", "请告知办理流程。"),
    template("090303", "居委会选举", "consultation", "咨询{village}换届选举登记办法",
        "户口不在{village}但住了多年，想咨询能否参加居委会选举登记。", "请答复。"),
    template("100204", "村务公开", "complaint", "{village}村务公开栏一年未更新",
        "{village}公开栏里的账目还是去年的，村民要求看账被拒绝。", "要求按规定公开村务。"),
    template("101202", "土地承包", "dispute", "{village}承包地流转租金纠纷",
        "{village}我家承包地流转给{company}，租金{amount}元拖了{days}天没付，对方说收成不好。", "请调解支付租金。"),
    template("101105", "防汛抗旱", "incident", "{village}低洼处积水倒灌",
        "连日大雨，{village}{road}积水约半米，已有{workers}户进水，需要抽水泵。", "请立即安排抽排。").urgent(),
    template("110303", "商品质量", "complaint", "{company}出售商品质量差拒退货",
        "在{company}购买商品花了{amount}元，使用{days}天就坏了，商家拒绝退货。", "要求退货退款。"),
    template("110399", "预付卡退费", "complaint", "{company}关门跑路预付卡无法退款",
        "本人在{company}办的年卡还剩{amount}元，店铺突然关门，老板电话不通。", "要求退还余额。"),
    template("120301", "食品安全", "report", "{company}食物吃出异物",
        "在{road}{no}号{company}吃饭发现异物，同桌{workers}人腹泻，店家不承认。", "请市场监管部门查处。").urgent(),
    template("120403", "医疗事故争议", "dispute", "术后并发症与医院协商不成",
        "家人手术后出现并发症，与医院协商{days}天没有结果，医院只愿补偿{amount}元。", "请求医疗纠纷调解。"),
    template("120403", "医疗事故争议", "claim", "扬言在医院门口讨说法",
        "家人在医院去世，{days}天没有说法，如果再不解决我就带全家去门口拉横幅，和他们同归于尽。", "要求给出鉴定结论。").threatening().urgent(),
    template("130401", "户籍管理", "consultation", "咨询人才落户办理",
        "本人本科毕业，在{company}工作，想咨询落户{township}需要哪些材料。", "请告知流程。"),
    template("130602", "警务执法", "accusation", "反映{township}派出所出警不及时",
        "{road}打架报警后{days}分钟才有人来，还让我们自己协商，请督促。", "要求公安机关内部督察核查。").accusing("{township}派出所"),
    template("130503", "交通安全管理", "suggestion", "建议{school}门口增设红绿灯",
        "{school}门口车流量大，上下学时段学生过马路危险，建议增设红绿灯和斑马线。", "希望交警部门采纳。"),
    template("130899", "邻里纠纷", "dispute", "邻居养狗夜间吠叫起冲突",
        "{estate}{building}幢邻居{someone}养大型犬，夜里吠叫，理论时互相推搡，怕再打起来。", "请派出所和社区调解。"),
    template("140205", "校园安全", "report", "{school}食堂卫生堪忧",
        "孩子在{school}就读，近{days}天班里多名学生腹痛，怀疑食堂食材不新鲜。", "请教育部门检查。").urgent(),
    template("140208", "校外机构管理", "complaint", "培训机构退费难",
        "孩子在{road}一家培训机构报名，交费{amount}元只上了几节课，机构拒绝退费。", "要求退费。"),
    template("140501", "招生录取", "consultation", "咨询{school}学区划分",
        "{estate}今年是否仍属于{school}学区，房产证未满一年能否报名。", "请教育局答复。"),
    template("140803", "非物质文化遗产", "praise", "表扬{village}文化站组织的活动",
        "{village}文化站周末办的非遗体验活动很好，工作人员耐心细致，特此表扬。", "请转达谢意。"),
    template("150305", "劳动报酬/拖欠工资", "claim", "{company}拖欠{workers}名工人工资",
        "{company}拖欠我们{workers}名工人{days}天工资共{amount}元，老板说没钱，春节前要是不给我们只能一起去区政府。", "要求支付拖欠工资。").joint().urgent(),
    template("150305", "劳动报酬/拖欠工资", "claim", "离职后{company}不结工资",
        "本人在{company}上班，离职{days}天了，仍欠工资{amount}元和押金{deposit}元。", "要求结清工资。").urgent(),
    template("150202", "职工工伤保险", "claim", "工伤认定后单位不支付待遇",
        "在{company}上班时手指受伤，已认定工伤，单位不肯支付停工留薪期工资{amount}元。", "要求依法支付工伤待遇。"),
    template("150601", "劳动合同纠纷", "dispute", "{company}违法解除劳动合同",
        "{company}口头通知辞退，没有补偿，本人工作已满三年，协商{days}天未果。", "请求劳动争议调解。"),
    template("150102", "城乡居民养老保险", "consultation", "咨询城乡居民养老保险补缴",
        "父亲今年六十岁，养老保险只缴了几年，想咨询在{township}能否补缴。", "请告知政策。"),
    template("010902", "保障性住房", "praise", "感谢{township}公租房窗口",
        "公租房申请材料不全，{township}窗口工作人员{someone}主动帮我核对补齐，十分感谢。", "请予以表扬。"),
];
