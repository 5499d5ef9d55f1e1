/*
 * The table of diagnostics: one row per thing that a kernel TS program can do wrong.
 *
 * `$1`, `$2`, ... are filled in. The message says what is wrong; the hint what to write instead. Codes are stable: a code
 * that goes out of use is not given to another error. 10xx: syntax that the language has not; 11xx: types and values;
 * 12xx: constants and storage; 13xx: functions and calls; 14xx: tags, assembly, symbols; 19xx: the compiler's limits;
 * 20xx: what the stages behind the front end find.
 */

export interface CodeRow {
  readonly code: string;
  readonly title: string;
  readonly message: string;
  readonly hint: string;
}

function row(code: string, title: string, message: string, hint: string): CodeRow {
  return { code, title, message, hint };
}

const syntax = {
  objectLiteral: row(
    'PW1001',
    'object literal',
    'there are no object literals',
    'declare a class, make room with zeroed<Inline<C>>() and set the fields',
  ),
  arrayLiteral: row(
    'PW1002',
    'array literal',
    'there are no array literals',
    'use table<T, N>(...) for constant tables, zeroed<FixedArray<T, N>>() for storage',
  ),
  new: row(
    'PW1003',
    'new',
    'there is no `new`: nothing allocates by itself',
    'use zeroed<Inline<C>>(), or an allocator of the program',
  ),
  async: row(
    'PW1004',
    'async',
    'there are no async functions, await or await using',
    'block the thread, or use a callback',
  ),
  generator: row('PW1005', 'generator', 'there are no generators', 'write a loop, or keep the state in a struct'),
  delete: row('PW1006', 'delete', 'there is no `delete`: fields do not come and go', 'assign null or a marker'),
  typeof: row(
    'PW1007',
    'typeof',
    'there is no `typeof` at run time',
    'types are known when the program is compiled: overload by name, or keep a tag',
  ),
  void: row('PW1008', 'void operator', 'there is no `void` operator', 'leave it out'),
  regularExpression: row('PW1009', 'regular expression', 'there are no regular expressions', 'compare bytes in a loop'),
  templateString: row(
    'PW1010',
    'template string',
    'there are no template strings outside of asm`...`',
    'use a plain string, and a printing function that takes arguments',
  ),
  assertion: row(
    'PW1011',
    'type assertion',
    'there are no assertions: `as` and `satisfies` say what nobody checks',
    'use u8(x), as<C>(address), ptr<T>(address) or a!',
  ),
  spread: row(
    'PW1012',
    'spread',
    'only a whole rest parameter can be spread, as the last argument for another one',
    'pass the arguments one by one',
  ),
  classExpression: row(
    'PW1013',
    'class expression',
    'there are no class expressions',
    'declare the class at the top of the module',
  ),
  inheritance: row(
    'PW1014',
    'inheritance',
    'classes are plain structs: there is no inheritance',
    'embed the other struct: `base: Inline<Base>`',
  ),
  dynamicImport: row(
    'PW1015',
    'dynamic import',
    'modules are put together when the program is compiled',
    'use an import declaration',
  ),
  optionalChaining: row('PW1016', 'optional chaining', 'there is no optional chaining', 'compare with null first'),
  looseEquality: row('PW1017', 'loose equality', '`$1` does not exist here', 'use === or !=='),
  operator: row(
    'PW1018',
    'operator',
    'there is no operator `$1`',
    'write it out: a loop for `**`, a field that tells the kind for `in` and `instanceof`',
  ),
  exceptions: row('PW1019', 'exceptions', 'there are no exceptions', 'return an error number; clean up by `using`'),
  forOf: row('PW1020', 'for...of, for...in', 'there are no iterators', 'count: for (let i: u32 = 0; i < n; i++)'),
  debugger: row('PW1022', 'debugger', 'there is no `debugger` statement', 'use int3()'),
  nestedDeclaration: row(
    'PW1023',
    'nested declaration',
    'functions, classes and enums are declared at the top of a module',
    'move it there; an arrow function that captures nothing may stay',
  ),
  namespace: row('PW1024', 'namespace', 'there are no namespaces', 'a module is the namespace: use export'),
  var: row('PW1025', 'var', 'there is no `var`', 'use let or const'),
  destructuring: row('PW1026', 'destructuring', 'there is no destructuring', 'read the fields one by one'),
  unknownSyntax: row(
    'PW1027',
    'unknown syntax',
    'this does not exist here ($1)',
    'see the list of what the language has in tools/compiler/README.md',
  ),
  decorator: row('PW1028', 'decorator', 'there are no decorators', 'use a JSDoc tag: @section, @align, @inline, ...'),
  moduleStatement: row(
    'PW1029',
    'statement at module level',
    'a module is never executed: nothing runs here',
    'put it into a function; only declarations and staticAssert may stand here',
  ),
  defaultExport: row('PW1030', 'default export', 'there are no default exports', 'export it under its name'),
  constructorMember: row(
    'PW1031',
    'class member',
    'a struct has no $1',
    'set the fields after zeroed<Inline<C>>(), or write a method or static function',
  ),
  fieldInitializer: row(
    'PW1032',
    'initial value of a field',
    'a field has no initial value: nobody would assign it',
    'assign in the code that makes the instance',
  ),
  optionalMember: row('PW1033', 'optional member', 'there are no optional fields or methods', 'use `T | null`'),
  ambient: row(
    'PW1034',
    'ambient value',
    '`$1` is only declared: nothing defines it',
    'define it, or use linkerSymbol("...") for what the linker knows',
  ),
  suppression: row(
    'PW1035',
    'suppression',
    'nothing suppresses what tsc finds: locks and address spaces are types',
    'mend it, and leave the comment out',
  ),
  encoding: row('PW1036', 'encoding', 'these bytes are no UTF-8', 'save the file as UTF-8'),
} as const;

const typeRules = {
  notAValueType: row(
    'PW1101',
    'not a type of values',
    'no value can have the type $1: it is $2',
    'see the types in tools/compiler/README.md',
  ),
  narrowing: row('PW1102', 'narrowing', '$1 may not fit $2', 'convert it: $3(...)'),
  signChange: row('PW1103', 'change of sign', '$1 is not $2: the sign would change its meaning', 'convert it: $3(...)'),
  mixedSign: row('PW1104', 'mixed signedness', '$1 and $2 do not mix', 'convert one side: u$3(...) or i$3(...)'),
  mixedWidth: row(
    'PW1105',
    'mixed width',
    '$1 and $2 do not mix: one has 64 bits',
    'convert one side: u64(...), i64(...), u32(...) or i32(...)',
  ),
  constantTooLarge: row(
    'PW1106',
    'constant out of range',
    '$1 does not fit $2',
    'convert it, $2(...), or use a wider type',
  ),
  float: row(
    'PW1107',
    'floating point',
    '$1 is not an integer: there are no floating-point numbers',
    'scale it: count in thousandths, or in 1/65536',
  ),
  notANumber: row('PW1108', 'not a number', '$1 is no number', 'convert it: $2(...)'),
  noArithmetic: row(
    'PW1109',
    'arithmetic on something else',
    'no arithmetic on $1',
    'for pointers use p.add(n) or u32(p)',
  ),
  notBoolean: row('PW1110', 'condition', 'a condition is a boolean, this is $1', 'compare: x !== 0, p !== null'),
  cannotCompare: row(
    'PW1111',
    'comparison',
    '$1 and $2 cannot be compared',
    'convert one side; for what strings say, compare bytes(s) in a loop',
  ),
  otherType: row('PW1112', 'other type', '$1 is not $2', 'convert it, or change the declaration'),
  otherClass: row(
    'PW1113',
    'other class',
    '$1 is not $2, even if it has the same fields',
    'pass the right one; as<C>(...) if the memory really is a C',
  ),
  otherPointer: row('PW1114', 'other pointer', '$1 is not $2', 'ptr<$3>(...) if the memory really holds that'),
  otherFunction: row(
    'PW1115',
    'other function',
    '$1 is not $2',
    'make parameters and result match; fewer parameters are fine',
  ),
  noMember: row('PW1116', 'no such member', '$1 has no member `$2`', 'look at its declaration'),
  notIndexable: row(
    'PW1117',
    'not indexable',
    '$1 has no elements',
    'use Ptr<T> or FixedArray<T, N>, and a.name for a field; ptr<T>(...) gives an untyped pointer a type',
  ),
  indexRange: row('PW1118', 'index out of range', 'element $1 of $2', 'count from 0'),
  containsItself: row(
    'PW1119',
    'struct contains itself',
    '$1 contains itself',
    'hold a pointer: leave Inline<...> out',
  ),
  variableType: row(
    'PW1121',
    'variable without type',
    'the type of `$1` is unknown',
    'write its type, or an initial value',
  ),
  returnType: row(
    'PW1123',
    'function without return type',
    'a function that returns a value says of what type',
    'write it: `): u32 {`',
  ),
  noValue: row(
    'PW1124',
    'no value',
    'there is no value here',
    'the function returns nothing: call it in a statement of its own',
  ),
  undefinedValue: row('PW1125', 'undefined', 'there is no `undefined`', 'use null'),
  notAnAddressType: row(
    'PW1126',
    'not an address',
    '$1 is not held by address',
    'use u32(...) and the like for numbers',
  ),
  neverNull: row('PW1128', 'never null', '$1 is never null', 'leave `??` out'),
  notAtomic: row(
    'PW1127',
    'not atomic',
    'no atomic operation on $1',
    'pass addrOf(x) of an integer of up to 32 bits (cmpxchg: 64), a boolean or a pointer',
  ),
} as const;

const storage = {
  notConstant: row(
    'PW1201',
    'not constant',
    'this must be a constant: it has to be known when the program is compiled',
    'modules are never executed; set it in a function',
  ),
  cyclicConstant: row('PW1203', 'cyclic constant', 'the value of `$1` depends on itself', 'break the cycle'),
  notStorage: row(
    'PW1204',
    'no storage',
    '$1 cannot be stored in place',
    'use zeroed<Inline<C>>() for a struct, or hold a pointer',
  ),
  storageNotInitialized: row(
    'PW1205',
    'struct variable without storage',
    'a variable of type $1 needs its storage',
    'write `= zeroed<...>()` or `= uninitialized<...>()`',
  ),
  assignInPlace: row(
    'PW1206',
    'assignment to a struct',
    '$1 lies in place and cannot be assigned',
    'copy with assign(target, source)',
  ),
  assignTarget: row('PW1207', 'assign', 'assign copies structs, $1 is none', 'use ='),
  constantTable: row('PW1208', 'constant table', 'a constant table cannot be changed', 'declare it with let'),
  misplacedTable: row(
    'PW1209',
    'table in a function',
    'a table is the initial value of a module variable',
    'declare it at module level: const t = table<T, N>(...)',
  ),
  tableLength: row(
    'PW1210',
    'length of a table',
    '$1 items in a table of $2',
    'make the length and the number of items agree',
  ),
  divisionByZero: row('PW1211', 'division by zero', 'division by zero', 'test the divisor'),
  shiftCount: row('PW1212', 'shift count', 'cannot shift a constant by $1', 'shift by 0 to 63'),
  enumValue: row(
    'PW1213',
    'enum value',
    'the value of an enum member is an integer constant',
    'use a number; for strings a table',
  ),
  enumRange: row('PW1214', 'enum range', 'the members of $1 fit neither i32 nor u32 together', 'use constants'),
  duplicateCase: row('PW1215', 'duplicate case', 'there is a case $1 already', 'remove one'),
  notAPlace: row(
    'PW1216',
    'not assignable',
    'this is a value, not a place that could be assigned to',
    'assign to a variable, field or element',
  ),
  noAddress: row('PW1217', 'no address', 'this has no address', 'take the address of a variable, field or element'),
  badDefine: row('PW1218', 'bad define', '--define $1=$2: it must be $3', 'see the declaration'),
  staticAssert: row('PW1219', 'static assertion', '$1', 'the condition of this staticAssert does not hold'),
  tooLarge: row('PW1221', 'object too large', '$1 takes $2 bytes; the limit is $3', 'make it smaller, or allocate it'),
  notALiteral: row('PW1220', 'string literal', 'this must be a string literal', 'write the name in quotes'),
} as const;

const functions = {
  capture: row(
    'PW1301',
    'capture',
    '`$1` belongs to the function around: functions capture nothing',
    'pass it as an argument, or keep it in a struct',
  ),
  notAValue: row('PW1302', 'not a value', '`$1` is no value', 'use what it stands for: an instance, a member, a call'),
  methodAsValue: row(
    'PW1303',
    'method as a value',
    'the method `$1` is no value: it would forget its object',
    'write an arrow or a static function that takes the object',
  ),
  noThis: row('PW1304', 'this', 'there is no `this` here', 'use a method, or a parameter'),
  typeArguments: row(
    'PW1306',
    'type arguments',
    'the type arguments of `$1` are unknown here',
    'write them: f<u32>(...)',
  ),
  defaultParameter: row(
    'PW1307',
    'default parameter',
    'there are no default parameters',
    'pass the value, or write a second function',
  ),
  optionalParameter: row('PW1308', 'optional parameter', 'there are no optional parameters', 'use `T | null`'),
  thisParameter: row(
    'PW1309',
    'this parameter',
    'there are no `this` parameters',
    'a method has its `this` anyway; elsewhere name the parameter',
  ),
  noBody: row(
    'PW1310',
    'function without body',
    '`$1` has no body',
    'there are no overloads and no external functions: write one body',
  ),
  noRelease: row(
    'PW1311',
    'no release function',
    'nothing tells how to release what `$1` gave',
    'call a function tagged @releasedBy NAME directly',
  ),
  releaseMissing: row(
    'PW1312',
    'bad release function',
    '`$1` is @releasedBy $2, which does not exist or wants other arguments',
    'it must stand beside the function and take (the first of) its arguments',
  ),
  notDisposable: row('PW1313', 'not disposable', '$1 has no [Symbol.dispose]() method', 'use const, or add the method'),
  recursiveInstance: row(
    'PW1314',
    'endless instances',
    '`$1` needs instances of itself without end',
    'a generic function must not call itself with ever larger types',
  ),
  witnessEscapes: row(
    'PW1315',
    'witness outlives its lock',
    'a witness cannot be $1: the lock may be released before it is used',
    'take it as a parameter from whoever holds the lock',
  ),
  secondLock: row(
    'PW1316',
    'second lock of its class',
    'a lock of the class `$1` is held here already: there is no order between two of them',
    'release the first one before: end its scope',
  ),
  ownFrame: row(
    'PW1317',
    'address of the own frame',
    'this lies in the frame of the function, which ends here',
    'let the caller make room and pass it, or use a variable of the module',
  ),
} as const;

const symbols = {
  unknownTag: row('PW1401', 'unknown tag', 'unknown tag @$1', 'see the list of tags in tools/compiler/README.md'),
  badTag: row('PW1402', 'bad tag', '@$1 wants $2', 'write it after the tag'),
  misplacedTag: row(
    'PW1407',
    'misplaced tag',
    '@$1 means nothing at a $2',
    'see what it belongs to in tools/compiler/README.md',
  ),
  nakedBody: row(
    'PW1403',
    'naked function',
    'the naked function `$1` must consist of one asm`...`',
    'or leave @naked out',
  ),
  misplacedAsm: row(
    'PW1404',
    'assembly in a plain function',
    'assembly is the whole body of a @naked function',
    'use intrinsics, or call a naked function',
  ),
  asmOperand: row(
    'PW1405',
    'operand of assembly',
    '`$1` is neither a constant nor a function or variable',
    'load it by an instruction',
  ),
  duplicateSymbol: row('PW1406', 'duplicate symbol', 'there are two symbols `$1` in one program', 'rename one'),
} as const;

const limits = {
  tooDeep: row('PW1901', 'nested too deeply', 'this nests too deeply', 'split it'),
  internal: row(
    'PW1902',
    'compiler failure',
    'the compiler itself failed here: $1',
    'please report it, with the source',
  ),
} as const;

export const codes = { ...syntax, ...typeRules, ...storage, ...functions, ...symbols, ...limits };

export type CodeName = keyof typeof codes;

/** Of faults that the stages behind the front end find in a program. The message is theirs. */
export const stageCodes = {
  assembly: row(
    'PW2001',
    'faulty assembly',
    '$1',
    'Intel syntax, one instruction a line: see "Naked functions" in tools/compiler/README.md',
  ),
  link: row(
    'PW2002',
    'incomplete program',
    '$1',
    'see "Linker symbols" and "Kernel image" in tools/compiler/README.md',
  ),
} as const;
