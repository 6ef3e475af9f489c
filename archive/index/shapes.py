"""Characters that are taken for one another because they look alike: a row of the table is one shape.

Characters of names above all, simplified. Pairs of which one is seldom in a name are here where the other is common:
it is what stands in a badly written or badly read list.
"""

ALIKE = (
    "未末朱来 己已巳 戊戌戍成咸戎 土士 兰芝 蓝篮监 王壬玉主生五 干千于 天夭夫无元 大太犬丈 人入八 "
    "日曰目 田由甲申电 刀力刁 今令 午牛 月用 明朋 云去 风凤枫 春舂眷 各冬 析折拆 祥样详洋 "
    "娜挪哪那 芳芬 莲连蓬 梅海侮悔 桂佳挂柱洼 央英荚 秀季李委 香番杳 萍苹 平乎 珍诊 玲铃 "
    "娥峨蛾俄饿 红江汪汇 润闰闫 洁浩洽涪 治冶 怡恰 青菁清情晴睛倩请精靖 晓烧浇绕饶骁挠 辉挥晖浑军 "
    "炜伟玮纬讳 杨扬场畅汤 林淋琳 彬杉 栋拣冻株 练炼 陈阵 祖租组 福幅副褔 禄碌绿 瑞端瑶 珊姗栅册 "
    "妹姝蛛抹 娟捐涓婿绢 媛援缓暖嫒 宴晏曼 宾兵乒乓 宇字 宣宜 宫官 荣荥 莹萤营 凯铠 峰锋蜂烽 嘉喜 "
    "吉告古占 志忘忌 忠患 恩思 惠慧 建健键律 延廷 庭挺 康唐庸庚 庆厌 庄压 壮状牡 强弘 丹舟 冉再 "
    "远运迟 礼札扎孔 社杜 邢刑邪 邓郑 丘邱 阮院 阳阴 雨两 雪雷霄 霞霖露 韩朝 顺须颂 颖颍 马鸟乌 "
    "鸣呜 龙尤 农衣 仁仕什 代伐 仲伸件 伦论轮沦 伯怕泊柏拍 侯候 侠峡陕 博傅搏缚 儿几凡九丸 方万 "
    "刚钢岗剐 北比 升井开 卢户 卞下 卯印 友发反 口囗 史吏 昊吴旲 固困因园国围圆图 垌洞峒涧 培陪 "
    "夏复厦 姜美 容客 寒塞寨 小少 尹伊 岑芩 岩崖 崇祟 川州洲 巨臣 帅师 幸辛卒 庞宠 徐除 微徽 "
    "怀坏 戴载截 旋旅 晋普 权杈 本木术 粱梁 毛手 永水冰 泽择译 秦泰奏奉 栗粟 记纪 胡湖 若苦苗 "
    "虎虚 袁衰哀 西酉 覃章童 谭潭 许讦 诚诫城 贵责 贺贸货 路赂 金全 钦软 铁轶 银锒跟 铭名 长张 "
    "黄寅 韦苇 受爱 斌赋 俊骏峻竣浚 奠莫 廖寥 侬浓 叶汁吐 董重量萱 蒋将 余佘 敬敏散 "
    "勤勒 富寓 曹曾 瑾谨 振震 娄要 花化 星呈 显昱 荷菏 真直具 素索 顾颐颜颇 贾费 谦谱 迪油 "
    "昌吕 武式 育盲 牧收 改政 放敖 兴光 文义又 芹片 蔡察 班斑 钧钓钩 琼谅 朗郎 维椎堆 豪亳毫 "
    "品晶 晨展 石右 向问 淑叔 菊菌 莉荔 秋秧 科料 锦棉绵 韬滔"
)
_SHAPES = {character: group[0] for group in ALIKE.split() for character in group}


def shaped(name: tuple[str, ...]) -> tuple[str, ...]:
    """A name's folded characters, each as the first of those it looks like."""
    return tuple(_SHAPES.get(character, character) for character in name)
